import { describe, expect, it } from "vitest";
import { SendWindow } from "./send-window.js";

const KIB = 1024;
const open = (limited = true) => new SendWindow({ limited, maxBytes: 1024 * KIB, replyMs: 8000, giveUpMs: 15_000 });

describe("The send window", () => {
	it("begins small, and asks for a ping when half of it is used", () => {
		const window = open();
		expect(window.room).toBe(32 * KIB);
		window.wrote(15 * KIB);
		expect(window.due).toBe(false);
		window.wrote(1 * KIB);
		expect(window.due).toBe(true);
		window.asked(0);
		expect(window.due).toBe(false);
		window.wrote(16 * KIB);
		expect(window.room).toBe(0);
	});

	it("counts as dealt with only what was written before the ping", () => {
		const window = open();
		window.wrote(16 * KIB);
		window.asked(0);
		window.wrote(10 * KIB);
		window.answered(2000);
		expect(window.room).toBe(22 * KIB);
		expect(window.due).toBe(false);
		window.asked(3000);
		window.wrote(22 * KIB);
		window.answered(5000);
		expect(window.due).toBe(true);
	});

	it("doubles when the answer comes fast, and halves when it comes late, within its bounds", () => {
		const window = open();
		const round = (tookMs: number) => {
			window.wrote(window.room);
			window.asked(0);
			window.answered(tookMs);
			return window.room / KIB;
		};
		expect([1, 1, 1, 1, 1, 1, 1].map(round)).toEqual([64, 128, 256, 512, 1024, 1024, 1024]);
		expect(round(2000)).toBe(1024);
		expect([5000, 5000, 5000, 5000, 5000, 5000].map(round)).toEqual([512, 256, 128, 64, 32, 32]);
	});

	it("does not grow by pings that followed next to nothing", () => {
		const window = open();
		window.wrote(100);
		window.asked(0);
		window.answered(1);
		expect(window.room).toBe(32 * KIB);
	});

	it("is given up when a server talks and does not answer pings", () => {
		const window = open();
		window.wrote(32 * KIB);
		window.asked(0);
		window.heard(15_000);
		expect(window.room).toBe(0);
		window.heard(15_001);
		expect(window.room).toBe(Number.POSITIVE_INFINITY);
	});

	it("is none where it is not wanted", () => {
		const window = open(false);
		window.wrote(1e9);
		expect(window.due).toBe(false);
		window.asked(0);
		window.answered(60_000);
		expect(window.room).toBe(Number.POSITIVE_INFINITY);
	});
});
