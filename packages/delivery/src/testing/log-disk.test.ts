import { describe, expect, it } from "vitest";
import { encodeRecord } from "../journal/record.js";
import { LogDisk } from "./log-disk.js";

const ONE = encodeRecord("a", Buffer.from("1"));

describe("a disk whose bytes can be seen", () => {
	it("is found without what is cut off or spoilt of its last batch, and goes on behind the one before", () => {
		const disk = new LogDisk();
		disk.store(new Map([["a", ONE]]));
		const before = disk.bytes.length;
		disk.store(
			new Map([
				["a", undefined],
				["b", ONE],
			]),
		);
		const { bytes } = disk;
		for (let length = before; length < bytes.length; length++) {
			const spoilt = Uint8Array.from(bytes);
			spoilt[length] = (spoilt[length] as number) ^ 1;
			for (const image of [bytes.subarray(0, length), spoilt]) {
				const found = new LogDisk(image);
				expect(found.keys("a", "z", 9)).toEqual(["a"]);
				found.store(new Map([["c", ONE]]));
				expect(new LogDisk(found.bytes).keys("a", "z", 9)).toEqual(["a", "c"]);
			}
		}
		expect(new LogDisk(bytes).keys("a", "z", 9)).toEqual(["b"]);
	});
});
