export { type AttributeValues, Element, xml, type XmlNode } from "./element.js";
