export { type AttributeValues, Element, type XmlNode, xml } from "./element.js";
export { escapeAttribute, escapeText } from "./escape.js";
export { DEFAULT_LIMITS, type XmlLimits } from "./limits.js";
export { parseElement } from "./parse-element.js";
export { type Prefixes, STREAM_END, STREAM_PREFIXES, serialize, serializeWithin, streamHeader } from "./serialize.js";
export type { Skipped } from "./skipper.js";
export { STREAMS_NS, type StreamEvents, StreamParser, type StreamParserOptions } from "./stream-parser.js";
export { type ElementLimit, type StreamCondition, XmlError } from "./xml-error.js";
