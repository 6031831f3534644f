import { describe, expect, it } from "vitest";
import { Liveness } from "./liveness.js";
import { PingRecord } from "./ping-record.js";
import { SendWindow } from "./send-window.js";
import { ManualClock } from "./testing/manual-clock.js";

const KIB = 1024;

function open() {
	const pings = new PingRecord();
	const window = new SendWindow(pings, { maxBytes: 1024 * KIB, replyMs: 8000 });
	const asked = (atMs: number) => pings.sent({ id: "", atMs, writtenBytes: window.writtenBytes, heardBytes: 0 });
	const answered = (now: number) => {
		const ping = pings.answered(now);
		if (ping !== undefined) window.answered(ping, now);
	};
	return { window, asked, answered };
}

describe("The send window", () => {
	it("begins small, and asks for a ping when half of it is used", () => {
		const { window, asked } = open();
		expect(window.room).toBe(32 * KIB);
		window.wrote(15 * KIB);
		expect(window.due).toBe(false);
		window.wrote(1 * KIB);
		expect(window.due).toBe(true);
		asked(0);
		expect(window.due).toBe(false);
		window.wrote(16 * KIB);
		expect(window.room).toBe(0);
	});

	it("counts as dealt with only what was written before the ping", () => {
		const { window, asked, answered } = open();
		window.wrote(16 * KIB);
		asked(0);
		window.wrote(10 * KIB);
		answered(2000);
		expect(window.room).toBe(22 * KIB);
		expect(window.due).toBe(false);
		asked(3000);
		window.wrote(22 * KIB);
		answered(5000);
		expect(window.due).toBe(true);
	});

	it("doubles when the answer comes fast, and halves when it comes late, within its bounds", () => {
		const { window, asked, answered } = open();
		const round = (tookMs: number) => {
			window.wrote(window.room);
			asked(0);
			answered(tookMs);
			return window.room / KIB;
		};
		expect([1, 1, 1, 1, 1, 1, 1].map(round)).toEqual([64, 128, 256, 512, 1024, 1024, 1024]);
		expect(round(2000)).toBe(1024);
		expect([5000, 5000, 5000, 5000, 5000, 5000].map(round)).toEqual([512, 256, 128, 64, 32, 32]);
	});

	it("does not grow by pings that followed next to nothing", () => {
		const { window, asked, answered } = open();
		window.wrote(100);
		asked(0);
		answered(1);
		expect(window.room).toBe(32 * KIB);
	});

	it("is none for a server that does not answer pings, and small again when it does", () => {
		const { window, asked, answered } = open();
		window.wrote(32 * KIB);
		asked(0);
		expect(window.room).toBe(0);
		window.giveUp();
		window.wrote(1e9);
		expect(window.room).toBe(Number.POSITIVE_INFINITY);
		expect(window.due).toBe(false);
		asked(15_000);
		answered(16_000);
		expect(window.room).toBe(32 * KIB);
	});
});

describe("A server that limits the rate", () => {
	/** Has always something to write, to a server that reads in order and this fast. */
	function saturate(options: {
		readonly bytesPerSecond: number;
		readonly stanzaBytes: number;
		readonly limited: boolean;
	}) {
		const { bytesPerSecond, stanzaBytes, limited } = options;
		const clock = new ManualClock();
		const pings = new PingRecord();
		const window = new SendWindow(pings, { maxBytes: 16 * 1024 * KIB, replyMs: 8000 });
		let deadAtMs: number | undefined;
		let written = 0;
		let readBytes = 0;
		let pingBehind: number | undefined;
		const ping = () => {
			pingBehind = written;
			const { writtenBytes } = window;
			pings.sent({ id: "", atMs: clock.now(), writtenBytes, heardBytes: liveness.heardBytes });
		};
		const liveness = new Liveness({ quietMs: 7000, replyMs: 8000, stallMs: 12_000 }, clock, pings, {
			ping,
			unanswered: () => window.giveUp(),
			dead: () => {
				deadAtMs = clock.now();
			},
		});
		for (let ms = 0; ms < 600_000 && deadAtMs === undefined; ms += 100) {
			while (limited ? window.room > 0 : written < 500_000) {
				written += stanzaBytes;
				window.wrote(stanzaBytes);
				if (window.due) ping();
			}
			clock.advance(100);
			readBytes = Math.min(written, readBytes + bytesPerSecond / 10);
			// White space, so that it is never silent.
			if (ms % 1000 === 0) liveness.heard(1);
			if (pingBehind !== undefined && readBytes >= pingBehind) {
				pingBehind = undefined;
				const ping = pings.answered(clock.now());
				if (ping !== undefined) window.answered(ping, clock.now());
			}
		}
		liveness.stop();
		return deadAtMs;
	}

	it.each([
		["3 kB/s", 3000, 400],
		["3 kB/s, with stanzas of 8 KiB", 3000, 8 * KIB],
		["10 KiB/s, with stanzas of 64 KiB", 10 * KIB, 64 * KIB],
		["100 kB/s, with stanzas of 64 KiB", 100_000, 64 * KIB],
	])(
		"to %s is never taken for dead, since no more is on its way than it reads in time",
		(_, bytesPerSecond, stanzaBytes) => {
			expect(saturate({ bytesPerSecond, stanzaBytes, limited: true })).toBeUndefined();
		},
	);

	it("would be taken for dead without a window", () => {
		expect(saturate({ bytesPerSecond: 10 * KIB, stanzaBytes: 400, limited: false })).toBeLessThan(60_000);
	});
});
