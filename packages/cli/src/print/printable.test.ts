import { expect, it } from "vitest";
import { oneLine, printable } from "./printable.js";

it("cuts what nobody can read, and takes what is no text", () => {
	expect(printable("x".repeat(10_000)).length).toBe(4_001);
	expect(printable("a\u001bb")).toBe("a\\u001bb");
	expect(printable({ content: 1 })).toBe('{"content":1}');
});

it("keeps text of somebody else on one line where it is one", () => {
	expect(oneLine("Adds\na\r\nword")).toBe("Adds\\na\\u000d\\nword");
});
