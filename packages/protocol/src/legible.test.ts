import { parseElement, serialize, xml } from "@antiphon/xml";
import { expect, it } from "vitest";
import { legible } from "./legible.js";

it("makes of any text one that XML can carry, cut where it is too long", () => {
	for (let start = 0; start < 0x10000; start += 0x1000) {
		const codes = Array.from({ length: 0x1000 }, (_, i) => String.fromCharCode(start + i));
		const text = legible(codes.join(""), 0x1000);
		expect(text.length).toBe(0x1000);
		expect(parseElement(serialize(xml("a", "", {}, text))).text()).toBe(text);
	}
	expect(legible("a\tb\n", 9)).toBe("a\tb\n");
	expect(legible("ab\u{1F600}", 3)).toBe("ab\uFFFD");
});
