import { isUtf8 } from "node:buffer";
import type { Element } from "./element.js";
import { DEFAULT_LIMITS, withLimits, type XmlLimits } from "./limits.js";
import { Tokenizer } from "./tokenizer.js";
import { TreeBuilder } from "./tree-builder.js";
import { validPrefix } from "./utf8.js";
import { Refusal, XmlError } from "./xml-error.js";

const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * Reads one whole document, by the rules of a stream. `maxStanzaBytes` bounds the document; its root is level 1.
 * @throws XmlError
 */
export function parseElement(text: string | Uint8Array, limits: Partial<XmlLimits> = {}): Element {
	if (typeof text === "string" && LONE_SURROGATE.test(text)) {
		throw new XmlError("unsupported-encoding", "half of a surrogate pair", 0);
	}
	const bytes = typeof text === "string" ? Buffer.from(text, "utf8") : Buffer.from(text);
	const allLimits = withLimits(DEFAULT_LIMITS, limits);
	let root: Element | undefined;
	const builder = new TreeBuilder(
		{
			header: () => "stop",
			element: (element) => {
				root = element;
				return "epilog";
			},
			end: () => "stop",
		},
		allLimits,
		{ rootIsHeader: false },
	);
	const tokenizer = new Tokenizer(builder, allLimits);
	try {
		const valid = isUtf8(bytes) ? bytes.length : validPrefix(bytes);
		tokenizer.run(bytes.subarray(0, valid), false);
		if (valid < bytes.length) throw new Refusal("unsupported-encoding", "bytes that are not UTF-8");
		if (root === undefined) throw new Refusal("not-well-formed", "the document ends too soon");
		return root;
	} catch (thrown) {
		if (!(thrown instanceof Refusal)) throw thrown;
		throw new XmlError(thrown.condition, thrown.problem, tokenizer.base + (thrown.at ?? tokenizer.consumed));
	}
}
