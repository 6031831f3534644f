import type { Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { FlushTurn, Outbox } from "./outbox.js";

/** A socket that keeps what is written and takes it only when told to. */
function fakeSocket() {
	const written: string[] = [];
	const taken: (() => void)[] = [];
	const socket = {
		destroyed: false,
		write: (text: string, done: () => void) => {
			written.push(text);
			taken.push(done);
		},
		end: (text: string) => void written.push(`${text}|`),
	};
	return { written, take: () => taken.splice(0).forEach((done) => void done()), socket: socket as unknown as Socket };
}

const turn = () => new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)));

describe("An outbox", () => {
	it("writes once what was sent in one turn, also by what ran in between", async () => {
		const { socket, written } = fakeSocket();
		const outbox = new Outbox(socket, new FlushTurn(), 1000, () => {});
		outbox.send("a");
		await Promise.resolve();
		outbox.send("b");
		expect(written).toEqual([]);
		await turn();
		expect(written).toEqual(["ab"]);
		outbox.send("c");
		await turn();
		expect(written).toEqual(["ab", "c"]);
	});

	it("counts bytes until the socket has taken them", async () => {
		const { socket, take } = fakeSocket();
		const outbox = new Outbox(socket, new FlushTurn(), 1000, () => {});
		outbox.send("ä€");
		expect(outbox.queuedBytes).toBe(5);
		await turn();
		expect(outbox.queuedBytes).toBe(5);
		take();
		expect(outbox.queuedBytes).toBe(0);
	});

	it("tells once when too much waits, drops it, and still has its last word", async () => {
		const { socket, written } = fakeSocket();
		let overflows = 0;
		const outbox = new Outbox(socket, new FlushTurn(), 10, () => overflows++);
		outbox.send("12345");
		await turn();
		outbox.send("67890");
		outbox.send("x");
		outbox.send("y");
		expect([overflows, outbox.queuedBytes]).toEqual([1, 5]);
		outbox.end("bye");
		await turn();
		outbox.send("late");
		await turn();
		expect(written).toEqual(["12345", "bye|"]);
	});

	it("sends what waits before its last word", () => {
		const { socket, written } = fakeSocket();
		const outbox = new Outbox(socket, new FlushTurn(), 10, () => {});
		outbox.send("first");
		outbox.end("last");
		expect(written).toEqual(["first", "last|"]);
	});
});
