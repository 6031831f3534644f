import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { WriteQueue } from "./write-queue.js";

function setUp(maxBytes = 1_000_000) {
	let room = Number.POSITIVE_INFINITY;
	const writes: { text: string; done: () => void }[] = [];
	const log: string[] = [];
	const queue = new WriteQueue(maxBytes, {
		write: (text, bytes, done) => {
			room -= bytes;
			writes.push({ text, done });
		},
		writing: () => log.push("writing"),
		written: () => log.push("written"),
		room: () => room,
	});
	const allow = (bytes: number) => {
		room = bytes;
		queue.resume();
	};
	return { queue, writes, log, allow, texts: () => writes.map((write) => write.text) };
}

describe("The write queue", () => {
	it("makes one write of what is sent in one turn, in promises and ticks too", async () => {
		const { queue, texts } = setUp();
		queue.push("a", 1);
		process.nextTick(() => queue.push("b", 1));
		Promise.resolve()
			.then(() => {})
			.then(() => {})
			.then(() => queue.push("c", 1));
		await turn();
		expect(texts()).toHaveLength(1);
		expect([...(texts()[0] as string)].sort()).toEqual(["a", "b", "c"]);
	});

	it("waits for the last write before it makes the next, and gathers meanwhile", async () => {
		const { queue, writes, texts, log } = setUp();
		queue.push("a", 1);
		await turn();
		queue.push("b", 1);
		await turn();
		queue.push("c", 1);
		await turn();
		expect(texts()).toEqual(["a"]);
		writes[0]?.done();
		expect(texts()).toEqual(["a", "bc"]);
		writes[1]?.done();
		expect(log).toEqual(["writing", "written", "writing", "written"]);
	});

	it("measures in bytes what it may write, not in characters", async () => {
		const { queue, texts, allow } = setUp();
		allow(1000);
		for (let i = 0; i < 10; i++) queue.push("€".repeat(100), 300);
		await turn();
		expect(texts().map((text) => text.length)).toEqual([300]);
	});

	it("takes no more when it is full, what the socket has not passed on included", async () => {
		const { queue, writes } = setUp(10);
		queue.push("12345678", 8);
		await turn();
		expect(() => queue.push("abc", 3)).toThrow(expect.objectContaining({ code: "overloaded", executed: "no" }));
		queue.push("ab", 2);
		writes[0]?.done();
		queue.push("12345678", 8);
		expect(queue.bytes).toBe(10);
	});

	it("counts bytes, not characters", async () => {
		const { queue, writes } = setUp();
		queue.push("€€", 6);
		await turn();
		writes[0]?.done();
		expect(queue.bytes).toBe(0);
	});

	it("cuts a long backlog between stanzas, and keeps a stanza whole whatever its size", async () => {
		const { queue, writes, texts } = setUp(10_000_000);
		const large = "x".repeat(200_000);
		const small = "y".repeat(30_000);
		for (const text of [large, small, small, small]) queue.push(text, text.length);
		await turn();
		for (let i = 0; i < 4; i++) writes[i]?.done();
		expect(texts().join("")).toBe(large + small.repeat(3));
		expect(texts().map((text) => text.length)).toEqual([200_000, 30_000, 30_000, 30_000]);
		expect(queue.bytes).toBe(0);
	});

	it("writes no more than there is room for, but a whole stanza if there is any, and goes on when told", async () => {
		const { queue, writes, texts, allow } = setUp();
		allow(10);
		for (const text of ["1234", "5678", "90ab", "large".repeat(10)]) queue.push(text, text.length);
		await turn();
		writes[0]?.done();
		expect(texts()).toEqual(["12345678", "90ab"]);
		writes[1]?.done();
		queue.push("c", 1);
		await turn();
		expect(texts()).toHaveLength(2);
		allow(1);
		expect(texts().at(-1)).toBe("large".repeat(10));
	});

	it("tells when it is empty, at once if it is", async () => {
		const { queue, writes } = setUp();
		const log: string[] = [];
		queue.whenEmpty(() => log.push("was empty"));
		queue.push("a", 1);
		queue.whenEmpty(() => log.push("is empty"));
		await turn();
		expect(log).toEqual(["was empty"]);
		writes[0]?.done();
		expect(log).toEqual(["was empty", "is empty"]);
	});
});
