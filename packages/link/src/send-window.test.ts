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

describe("How long what waits will take", () => {
	/**
	 * A server that deals with so much in one go each second, as Prosody does, and with twice as much at once after a rest.
	 * @returns a send that is told how long what waits takes by the estimate and in truth; `wait` in milliseconds
	 */
	function slowServer(bytesPerSecond: number) {
		const { window, asked, answered } = open();
		let written = 0;
		let queued = 0;
		let read = 0;
		let credit = 2 * bytesPerSecond;
		let pingBehind: number | undefined;
		let now = 0;
		const ping = () => {
			if (!window.due) return;
			pingBehind = written;
			asked(now);
		};
		const flush = () => {
			while (queued > 0 && window.room > 0) {
				const bytes = Math.min(queued, 600);
				queued -= bytes;
				written += bytes;
				window.wrote(bytes);
				ping();
			}
		};
		/** 10 ms go by. */
		const step = () => {
			now += 10;
			if (now % 1_000 === 0) credit = Math.min(2 * bytesPerSecond, credit + bytesPerSecond);
			const bytes = Math.min(credit, written - read);
			read += bytes;
			credit -= bytes;
			if (pingBehind !== undefined && read >= pingBehind) {
				pingBehind = undefined;
				answered(now);
				ping();
			}
			flush();
		};
		const send = (bytes: number) => {
			queued += bytes;
			flush();
		};
		const waitMs = () => window.waitMs(queued, now);
		const trueWaitMs = () => ((written - read + queued) / bytesPerSecond) * 1_000;
		return { step, send, waitMs, trueWaitMs, read: () => read };
	}

	it.each([3_000, 10 * KIB, 100 * KIB])(
		"is known within seconds for a server that takes %d bytes a second, and for good",
		(bytesPerSecond) => {
			const server = slowServer(bytesPerSecond);
			let worstMs = 0;
			for (let ms = 0; ms < 60_000; ms += 10) {
				// Six times what the server takes is there to be sent. It is left off above half a second.
				if (server.waitMs() < 500) server.send((bytesPerSecond * 6) / 100);
				server.step();
				if (ms > 15_000) worstMs = Math.max(worstMs, server.trueWaitMs());
			}
			expect(worstMs).toBeLessThan(4_000);
			expect(server.read()).toBeGreaterThan(bytesPerSecond * 60 * 0.2);
		},
	);

	it("is soon nothing when the server has been slow and is no more", () => {
		const server = slowServer(10 * KIB);
		server.send(200 * KIB);
		for (let ms = 0; ms < 5_000; ms += 10) server.step();
		expect(server.waitMs() / server.trueWaitMs()).toBeGreaterThan(0.5);
		expect(server.waitMs() / server.trueWaitMs()).toBeLessThan(2);
		for (let ms = 0; ms < 30_000; ms += 10) server.step();
		expect(server.waitMs()).toBeLessThan(400);
	});

	it("is nothing while answers take no longer than the way there and back, however far that is", () => {
		const { window, asked, answered } = open();
		let now = 0;
		for (let i = 0; i < 20; i++) {
			window.wrote(window.room);
			asked(now);
			now += 299;
			expect(window.waitMs(1024 * KIB, now)).toBe(0);
			now += 1;
			answered(now);
		}
	});

	it("is not made of one answer that was late", () => {
		const { window, asked, answered } = open();
		for (const tookMs of [1, 1, 1000, 1]) {
			window.wrote(window.room);
			asked(0);
			answered(tookMs);
			expect(window.waitMs(1024 * KIB, 0)).toBe(0);
		}
	});

	it("is not known of a server that does not answer pings", () => {
		const { window, asked } = open();
		window.wrote(32 * KIB);
		asked(0);
		expect(window.waitMs(0, 10_000)).toBeGreaterThan(1_000);
		window.giveUp();
		window.wrote(1e9);
		expect(window.waitMs(0, 20_000)).toBe(0);
	});
});
