import { expect, it } from "vitest";
import { escaped } from "./printable.js";

it("shows as escapes what would act on a terminal", () => {
	const hostile = "\u001b]0;title\u0007\u001b[2J\u009b31m\u202eabc\u2028\r\b\u007f\ud800";
	expect(escaped(hostile)).not.toMatch(/(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}]/u);
	expect(escaped("a\u001bb")).toBe("a\\u001bb");
	expect(escaped("é 🎼\nline")).toBe("é 🎼\nline");
});

it("leaves the value of a JSON text as it is", () => {
	const value = { a: "\u009b\u202e\u{e0001}", b: ["x"] };
	expect(JSON.parse(escaped(JSON.stringify(value)))).toEqual(value);
});
