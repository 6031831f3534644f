import { describe, expect, it } from "vitest";
import { Liveness } from "./liveness.js";
import { PingRecord } from "./ping-record.js";
import { ManualClock } from "./testing/manual-clock.js";

const SETTINGS = { quietMs: 6000, replyMs: 6000, stallMs: 13_000 };
/** Those of the links. */
const DEFAULTS = { quietMs: 7000, replyMs: 8000, stallMs: 12_000 };

/** @param answerMs how long after a ping its answer comes, if one does */
function setUp(settings = SETTINGS, answerMs?: number) {
	const clock = new ManualClock();
	const log: string[] = [];
	let reads = answerMs !== undefined;
	const pings = new PingRecord();
	const asked = () => {
		pings.sent({ id: "", atMs: clock.now(), writtenBytes: 0, heardBytes: liveness.heardBytes });
	};
	const answered = () => {
		pings.answered(clock.now());
	};
	const liveness = new Liveness(settings, clock, pings, {
		ping: () => {
			log.push(`ping at ${clock.now()}`);
			asked();
			if (reads)
				clock.after(answerMs ?? 0, () => {
					liveness.heard(100);
					answered();
				});
		},
		unanswered: () => log.push(`unanswered at ${clock.now()}`),
		dead: (reason) => log.push(`dead at ${clock.now()}: ${reason}`),
	});
	const diedAt = () => Number(/^dead at (\d+)/.exec(log.at(-1) ?? "")?.[1] ?? Number.NaN);
	/** Lets time pass in which the peer sends this much each second. */
	const hear = (seconds: number, bytes: number) => {
		for (let i = 0; i < seconds && Number.isNaN(diedAt()); i++) {
			clock.advance(1000);
			liveness.heard(bytes);
		}
	};
	const stopReading = () => {
		reads = false;
	};
	return { clock, log, liveness, asked, answered, diedAt, hear, stopReading };
}

describe("A peer that is silent", () => {
	it("is asked, and given up in less than 20 s", () => {
		const { clock, log } = setUp();
		clock.advance(60_000);
		expect(log).toEqual(["ping at 3000", "dead at 12000: the server has been silent for 12000 ms"]);
		expect(clock.pending).toBe(0);
	});

	it("but answers pings lives, and is asked again and again", () => {
		const { clock, log } = setUp(SETTINGS, 500);
		clock.advance(20_000);
		expect(log).toEqual([3000, 6500, 10_000, 13_500, 17_000].map((at) => `ping at ${at}`));
	});

	it("and has answered before is given up in less than 20 s after its last word", () => {
		const { clock, diedAt, stopReading } = setUp(DEFAULTS, 10);
		clock.advance(100_000);
		stopReading();
		clock.advance(60_000);
		expect(diedAt()).toBeLessThan(100_000 + 15_001);
	});
});

describe("A peer that talks and has stopped reading", () => {
	it.each([3500, 3509, 3511, 5000, 7000, 60_000, 61_234])(
		"is given up in less than 20 s though white space comes in, when it stops at %d ms",
		(stopsAtMs) => {
			const { clock, log, diedAt, hear, stopReading } = setUp(DEFAULTS, 10);
			for (let ms = 0; ms < stopsAtMs; ms += 500) clock.advance(Math.min(500, stopsAtMs - ms));
			stopReading();
			hear(60, 1);
			expect(diedAt() - stopsAtMs).toBeLessThan(18_600);
			expect(log.at(-1)).toContain("has not answered a ping for 15000 ms");
			expect(clock.pending).toBe(0);
		},
	);

	it("is given up as soon when the ping was sent along with what was written", () => {
		const { clock, asked, diedAt, hear } = setUp(DEFAULTS, 10);
		clock.advance(4000);
		asked();
		hear(60, 1);
		expect(diedAt()).toBe(19_000);
	});

	it("is given up when a write is stuck, in less than 20 s", () => {
		const { clock, log, liveness, diedAt, hear } = setUp();
		clock.advance(500);
		liveness.writing();
		hear(60, 1);
		expect(diedAt()).toBe(13_500);
		expect(log.at(-1)).toContain("has taken nothing for 13000 ms");
	});

	it("is given more time when much comes in, behind which the answer may wait, and not without end", () => {
		const slowLine = setUp(DEFAULTS, 40_000);
		slowLine.clock.advance(3500);
		slowLine.answered();
		slowLine.hear(100, 64_000);
		expect(slowLine.diedAt()).toBeNaN();

		const { clock, diedAt, hear, stopReading } = setUp(DEFAULTS, 10);
		clock.advance(5000);
		stopReading();
		hear(100, 1_000_000);
		expect(diedAt()).toBe(3510 + 3500 + 45_000);
	});
});

describe("A peer that never answers a ping", () => {
	it("is not given up for that while anything is heard, and asked again", () => {
		const { log, hear } = setUp();
		hear(32, 1);
		expect(log).toEqual([
			"ping at 3000",
			"unanswered at 15000",
			"ping at 15000",
			"unanswered at 27000",
			"ping at 27000",
		]);
	});

	it("is given up when it falls silent", () => {
		const { clock, hear, diedAt } = setUp();
		hear(20, 1);
		clock.advance(60_000);
		expect(diedAt()).toBe(32_000);
	});
});

describe("Liveness", () => {
	it("lets a slow peer go on as long as it takes something now and then, and answers in time", () => {
		const { clock, log, liveness } = setUp(SETTINGS, 11_000);
		liveness.writing();
		for (let i = 0; i < 20; i++) {
			clock.advance(5000);
			liveness.heard(1);
			liveness.written();
			liveness.writing();
		}
		liveness.written();
		clock.advance(5000);
		expect(log.filter((line) => !line.startsWith("ping"))).toEqual([]);
	});

	it("gives a process that was stopped the time to read what has come in meanwhile", () => {
		const { clock, log, liveness, answered } = setUp();
		clock.advance(3500);
		answered();
		liveness.writing();
		clock.advance(5000);
		clock.sleep(60_000);
		expect(log).toEqual(["ping at 3000", "ping at 6500"]);
		liveness.heard(1);
		answered();
		liveness.written();
		clock.advance(6000);
		expect(log).not.toContainEqual(expect.stringMatching(/^dead/));
	});

	it("asks at once after a stop before which all was well, and gives up if nothing comes", () => {
		const { clock, log, stopReading } = setUp(SETTINGS, 10);
		clock.advance(3500);
		stopReading();
		clock.sleep(60_000);
		expect(log).toEqual(["ping at 3000", "ping at 63500"]);
		clock.advance(6000);
		expect(log.at(-1)).toMatch(/^dead at 69500/);
	});

	it("leaves no timer behind when it is stopped by the very ping", () => {
		const clock = new ManualClock();
		const liveness: Liveness = new Liveness(SETTINGS, clock, new PingRecord(), {
			ping: () => liveness.stop(),
			unanswered() {},
			dead() {},
		});
		clock.advance(60_000);
		expect(clock.pending).toBe(0);
	});

	it("leaves no timer behind when it is stopped", () => {
		const { clock, log, liveness } = setUp();
		liveness.stop();
		clock.advance(60_000);
		expect(log).toEqual([]);
		expect(clock.pending).toBe(0);
	});
});
