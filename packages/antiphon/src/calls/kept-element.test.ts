import { encodeReply } from "@antiphon/protocol";
import { parseElement, serialize } from "@antiphon/xml";
import { expect, it } from "vitest";
import { keptElement } from "./kept-element.js";

it("What was kept is read whole, also when links differ in how large a stanza may be", () => {
	const text = serialize(encodeReply("json", "x".repeat(300 * 1024)));
	expect(() => parseElement(text)).toThrow();
	expect(serialize(keptElement(text))).toBe(text);
});
