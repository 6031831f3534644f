import { describe, expect, it } from "vitest";
import { Shares } from "./shares.js";

/** A queue of at most 256 bytes: the high-water mark is 16, a share 64, others have 192 in all, a lot is 1. */
function queueOf() {
	const shares = new Shares(256);
	let queued = 0;
	return {
		send: (bytes: number, payer?: string): boolean => {
			if (payer !== undefined && !shares.allow(queued, bytes, payer)) return false;
			shares.queued(queued, bytes, payer);
			queued += bytes;
			return true;
		},
		take: (bytes: number) => {
			queued -= bytes;
			shares.taken(bytes, queued);
		},
	};
}

describe("Shares", () => {
	it("do not matter below the high-water mark", () => {
		const { send, take } = queueOf();
		for (let i = 0; i < 1000; i++) {
			expect(send(16, "a")).toBe(true);
			take(16);
		}
	});

	it("bound what one sender has above it, and leave room for others", () => {
		const { send } = queueOf();
		expect([send(16, "a"), send(64, "a"), send(1, "a")]).toEqual([true, true, false]);
		expect([send(64, "b"), send(1, "b")]).toEqual([true, false]);
		expect([send(48, "c"), send(1, "c"), send(1, "d")]).toEqual([true, false, false]);
	});

	it("are given back as the queue is taken, in the order in which it was filled", () => {
		const { send, take } = queueOf();
		send(16, "x");
		send(64, "a");
		send(64, "b");
		take(16);
		expect([send(1, "a"), send(1, "b")]).toEqual([false, false]);
		take(64);
		expect([send(64, "a"), send(1, "b")]).toEqual([true, false]);
		take(64);
		expect([send(64, "b"), send(1, "a")]).toEqual([true, false]);
	});

	it("are forgotten once the queue is short", () => {
		const { send, take } = queueOf();
		send(80, "a");
		send(16, "b");
		take(80);
		expect([send(16, "a"), send(48, "a"), send(48, "b")]).toEqual([true, true, true]);
	});

	it("are not used up by what the peer causes itself", () => {
		const { send } = queueOf();
		expect([send(100), send(64, "a"), send(28, "b"), send(1, "c")]).toEqual([true, true, true, false]);
	});
});
