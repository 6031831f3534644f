import { describe, expect, it } from "vitest";
import { Liveness } from "./liveness.js";
import { ManualClock } from "./testing/manual-clock.js";

function setUp() {
	const clock = new ManualClock();
	const log: string[] = [];
	const liveness = new Liveness({ quietMs: 6000, replyMs: 6000, stallMs: 13_000 }, clock, {
		ping: () => log.push(`ping at ${clock.now()}`),
		dead: () => log.push(`dead at ${clock.now()}`),
	});
	return { clock, log, liveness };
}

describe("Liveness", () => {
	it("asks after a silence and gives up after another, in less than 20 s", () => {
		const { clock, log } = setUp();
		clock.advance(60_000);
		expect(log).toEqual(["ping at 6000", "dead at 12000"]);
		expect(clock.pending).toBe(0);
	});

	it("does not ask while anything is heard", () => {
		const { clock, log, liveness } = setUp();
		for (let i = 0; i < 20; i++) {
			clock.advance(5000);
			liveness.heard();
		}
		expect(log).toEqual([]);
		clock.advance(5999);
		expect(log).toEqual([]);
		clock.advance(1);
		expect(log).toEqual(["ping at 106000"]);
	});

	it("takes whatever is heard after the ping for an answer", () => {
		const { clock, log, liveness } = setUp();
		clock.advance(7000);
		liveness.heard();
		clock.advance(5000);
		liveness.heard();
		clock.advance(11_000);
		expect(log).toEqual(["ping at 6000", "ping at 18000"]);
		clock.advance(1000);
		expect(log.at(-1)).toBe("dead at 24000");
	});

	it("gives up when a write is stuck although the peer still talks, in less than 20 s", () => {
		const { clock, log, liveness } = setUp();
		clock.advance(500);
		liveness.writing();
		for (let i = 0; i < 20; i++) {
			clock.advance(1000);
			liveness.heard();
		}
		expect(log).toHaveLength(1);
		expect(log[0]).toMatch(/^dead at 1[3-9]\d{3}$/);
	});

	it("lets a slow peer go on as long as it takes something now and then", () => {
		const { clock, log, liveness } = setUp();
		liveness.writing();
		for (let i = 0; i < 20; i++) {
			clock.advance(5000);
			liveness.heard();
			liveness.written();
			liveness.writing();
		}
		liveness.written();
		clock.advance(5000);
		expect(log).toEqual([]);
	});

	it("gives a process that was stopped the time to read what has come in meanwhile", () => {
		const { clock, log, liveness } = setUp();
		liveness.writing();
		clock.advance(6000);
		clock.sleep(60_000);
		expect(log).toEqual(["ping at 6000"]);
		liveness.heard();
		liveness.written();
		clock.advance(6000);
		expect(log).not.toContainEqual(expect.stringMatching(/^dead/));
	});

	it("leaves no timer behind when it is stopped", () => {
		const { clock, log, liveness } = setUp();
		liveness.stop();
		clock.advance(60_000);
		expect(log).toEqual([]);
		expect(clock.pending).toBe(0);
	});
});
