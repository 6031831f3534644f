import { crc32 } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { StoreError } from "./journal.js";
import { decodeRecord, encodeRecord, legibleKey, RECORD_OVERHEAD } from "./record.js";

const WHERE = "./state/queue.mdb";
const key = fc.string({ minLength: 1, maxLength: 20, unit: fc.nat(255).map((code) => String.fromCharCode(code)) });

describe("a record", () => {
	it("gives its body back", () => {
		fc.assert(
			fc.property(key, fc.uint8Array(), (name, body) => {
				const record = encodeRecord(name, body);
				expect(record).toHaveLength(body.length + RECORD_OVERHEAD);
				expect(Buffer.from(decodeRecord(name, record, WHERE))).toEqual(Buffer.from(body));
			}),
		);
	});

	it("has the layout that is written down", () => {
		const sum = crc32(Buffer.from("m\xe9\x01!", "latin1"));
		expect(Buffer.from(encodeRecord("m\xe9", Buffer.from("!"))).toString("hex")).toBe(
			`${sum.toString(16).padStart(8, "0")}0121`,
		);
	});

	it("with any one bit changed, or cut anywhere, is damaged, and says which one and where", () => {
		const record = encodeRecord("c\x07", Buffer.from("what is to be kept"));
		const advice = "put a copy of it in its place, or move it away and begin anew, without what is in it";
		const damaged = new StoreError("failed", `the record "c\\x07" in ${WHERE} is damaged: ${advice}`);
		for (let at = 0; at < record.length; at++) {
			for (let change = 1; change < 256; change *= 2) {
				const copy = Uint8Array.from(record);
				copy[at] = (copy[at] as number) ^ change;
				expect(() => decodeRecord("c\x07", copy, WHERE)).toThrow(damaged);
			}
			expect(() => decodeRecord("c\x07", record.subarray(0, at), WHERE)).toThrow(damaged);
		}
	});

	it("in the place of another is damaged", () => {
		expect(() => decodeRecord("c2", encodeRecord("c1", Buffer.from("one")), WHERE)).toThrow('"c2"');
	});

	it("of a newer version is refused, whatever it looks like", () => {
		const record = Buffer.from(encodeRecord("m", Buffer.from("one")));
		record[4] = 2;
		record.writeUInt32BE(crc32(Buffer.concat([Buffer.from("m"), record.subarray(4)])));
		expect(() => decodeRecord("m", record, WHERE)).toThrow(/"m" in .*queue\.mdb was written by a newer Antiphon/);
	});

	it("is found by its key as people read it", () => {
		expect(legibleKey('c\0\xff"\\~ ')).toBe('"c\\x00\\xff\\x22\\x5c~ "');
	});
});
