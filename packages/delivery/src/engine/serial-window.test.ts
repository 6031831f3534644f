import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SerialWindow } from "./serial-window.js";

describe("a window of serials", () => {
	it("takes each serial once, in any order, unless it is below the mark", () => {
		const step = fc.oneof(
			fc.record({ do: fc.constant("take" as const), serial: fc.nat(30) }),
			fc.record({ do: fc.constant("raise" as const), serial: fc.nat(30) }),
		);
		fc.assert(
			fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
				const window = new SerialWindow(100);
				const seen = new Set<number>();
				let low = 0;
				for (const { do: what, serial } of steps) {
					if (what === "raise") {
						window.raise(serial);
						low = Math.max(low, serial);
					} else {
						expect(window.take(serial)).toBe(serial < low || seen.has(serial) ? "seen" : "first");
						seen.add(serial);
					}
				}
			}),
		);
	});

	it("holds no more than may be in flight, and takes what was beyond once there is room", () => {
		const window = new SerialWindow(3);
		expect([1, 2, 3, 4].map((serial) => window.take(serial))).toEqual(["first", "first", "first", "beyond"]);
		expect(window.take(2)).toBe("seen");
		window.raise(2);
		expect(window.take(4)).toBe("first");
		expect(window.take(5)).toBe("beyond");
	});

	it("lets a far jump of the mark cost no more than what it holds", () => {
		const window = new SerialWindow(3);
		window.take(1);
		window.raise(2 ** 52);
		expect(window.take(2 ** 52 - 1)).toBe("seen");
		expect(window.take(2 ** 52)).toBe("first");
	});
});
