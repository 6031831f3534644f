import { describe, expect, it } from "vitest";
import { TEXT_STOP } from "./chars.js";
import { PlainText } from "./plain-text.js";
import { HEADER, readStream } from "./testing/read-stream.js";

describe("PlainText", () => {
	it("stops at the same byte as a plain loop does, whatever the byte, its place, its neighbours and the alignment", () => {
		const plain = new PlainText();
		const memory = Buffer.alloc(160);
		for (let byte = 0; byte < 256; byte++) {
			const ascii = byte < 0x80;
			for (const filler of ascii ? [0x61, 0x7f, 0x20] : [0x61, 0xc3, 0xbf]) {
				memory.fill(filler);
				for (let at = 0; at < 132; at += at < 44 ? 11 : 1) {
					memory[at] = byte;
					for (const from of [0, 1, 2, 3]) {
						const bytes = memory.subarray(from, 130);
						const expected = TEXT_STOP[byte] === 1 && at >= from && at < 130 ? at - from : bytes.length;
						if (plain.skip(bytes, 0, bytes.length, ascii && filler < 0x80) !== expected) {
							expect.fail(`byte ${byte} at ${at}, from ${from}, among ${filler}`);
						}
					}
					memory[at] = filler;
				}
			}
		}
	});

	it("goes on behind what is harmless", () => {
		const bytes = Buffer.from(`${"line\n\tline é\n".repeat(40)}<`);
		const plain = new PlainText();
		expect(plain.skip(bytes, 0, bytes.length, false)).toBe(bytes.length - 1);
		// In memory of its own; a Buffer made of a string shares its memory with others.
		const ascii = Buffer.alloc(500, "other line\n\tline\n");
		ascii[499] = 0x26;
		expect(plain.skip(ascii, 3, ascii.length, true)).toBe(ascii.length - 1);
	});

	it("does not look past the end that it is given", () => {
		const bytes = Buffer.from(`${"x".repeat(100)}<`);
		for (const end of [60, 61, 62, 63, 64, 100]) expect(new PlainText().skip(bytes, 0, end, true)).toBe(end);
	});

	it("finds ]]> deep in long text", () => {
		for (const filler of ["x", "é"]) {
			for (let length = 60; length < 68; length++) {
				expect(readStream(`${HEADER}<a>${filler.repeat(length)}]]>`).message).toContain("]]> in text");
			}
		}
	});
});
