import type { Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { HeldTotal } from "./held-total.js";
import { FlushTurn, type OverflownLimit, SendQueue } from "./send-queue.js";

/** A socket that keeps what is written and takes it only when told to. */
function fakeSocket() {
	const written: string[] = [];
	const taken: (() => void)[] = [];
	const socket = {
		destroyed: false,
		write: (text: string | Buffer, done: () => void) => {
			written.push(text.toString());
			taken.push(done);
		},
		end: (text: string) => void written.push(`${text}|`),
	};
	return { written, take: () => taken.splice(0).forEach((done) => void done()), socket: socket as unknown as Socket };
}

const turn = () => new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)));

/** A queue, and what it said of its overflows. */
function queueOf(socket: Socket, maxBytes: number, total = new HeldTotal(1_000_000), payer = "receiver") {
	const overflows: OverflownLimit[] = [];
	const onOverflow = (limit: OverflownLimit) => void overflows.push(limit);
	const queue = new SendQueue(socket, { turn: new FlushTurn(), total, maxBytes, payer: () => payer, onOverflow });
	const send = (text: string) => queue.send({ text, bytes: Buffer.byteLength(text) });
	const offer = (text: string, payer: string) => queue.offer({ text, bytes: Buffer.byteLength(text) }, payer);
	return { queue, overflows, send, offer };
}

describe("A send queue", () => {
	it("writes once what was sent in one turn, also by what ran in between", async () => {
		const { socket, written, take } = fakeSocket();
		const { send } = queueOf(socket, 1000);
		send("a");
		await Promise.resolve();
		send("b");
		expect(written).toEqual([]);
		await turn();
		expect(written).toEqual(["ab"]);
		take();
		send("c");
		await turn();
		expect(written).toEqual(["ab", "c"]);
	});

	it("counts bytes until the socket has taken them", async () => {
		const { socket, take } = fakeSocket();
		const total = new HeldTotal(1000);
		const { queue, send } = queueOf(socket, 1000, total);
		send("ä€");
		expect([queue.queuedBytes, total.bytes]).toEqual([5, 5]);
		await turn();
		expect([queue.queuedBytes, total.bytes, queue.takenBytes]).toEqual([5, 5, 0]);
		take();
		expect([queue.queuedBytes, total.bytes, queue.takenBytes]).toEqual([0, 0, 5]);
	});

	it("keeps what a busy socket has no room for, and writes it in pieces of whole stanzas", async () => {
		const { socket, written, take } = fakeSocket();
		const { queue, send } = queueOf(socket, 1_000_000);
		send("first");
		await turn();
		const stanzas = Array.from({ length: 5 }, (_, i) => `<${String(i).repeat(40_000)}>`);
		for (const stanza of stanzas) send(stanza);
		await turn();
		expect([written, queue.queuedBytes]).toEqual([["first"], 5 + 5 * 40_002]);
		for (let i = 0; i < 4; i++) {
			take();
			await turn();
		}
		expect(written.slice(1)).toEqual(
			[stanzas[0], stanzas[2], stanzas[4]].map((s, i) => s + (stanzas[2 * i + 1] ?? "")),
		);
		expect(queue.queuedBytes).toBe(0);
	});

	it("tells when the peer caused too much, drops what is not written yet, and still has its last word", async () => {
		const { socket, written } = fakeSocket();
		const { queue, overflows, send } = queueOf(socket, 10);
		send("12345");
		await turn();
		send("678");
		send("90x");
		send("y");
		expect([overflows, queue.queuedBytes, queue.open]).toEqual([["maxQueuedBytes"], 5, false]);
		queue.end("bye");
		await turn();
		send("late");
		await turn();
		expect(written).toEqual(["12345", "bye|"]);
	});

	it("turns down what others send and has no room for, and keeps a quarter for the peer's own", () => {
		const { socket } = fakeSocket();
		const { queue, overflows, send, offer } = queueOf(socket, 1600);
		const senders = ["a", "b", "c", "d", "e"];
		const taken = senders.map((payer) => Array.from({ length: 40 }, () => offer("x".repeat(20), payer)));
		// The first 100 bytes are free, then a quarter for each, until three quarters are full.
		expect(taken.map((each) => each.filter(Boolean).length)).toEqual([25, 20, 15, 0, 0]);
		expect([queue.queuedBytes, queue.open, overflows]).toEqual([1200, true, []]);
		expect([queue.hasRoomFor("a"), queue.hasRoomFor("e")]).toEqual([false, false]);
		for (let i = 0; i < 20; i++) send("y".repeat(20));
		expect([queue.queuedBytes, overflows]).toEqual([1600, []]);
		send("z");
		expect([queue.queuedBytes, overflows]).toEqual([0, ["maxQueuedBytes"]]);
		expect(offer("x", "e")).toBe(false);
	});

	it("sends what waits before its last word", () => {
		const { socket, written } = fakeSocket();
		const { queue, send } = queueOf(socket, 10);
		send("first");
		queue.end("last");
		expect(written).toEqual(["first", "last|"]);
	});

	it("calls back when all is taken", async () => {
		const { socket, take } = fakeSocket();
		const { queue, send } = queueOf(socket, 100);
		let drained = 0;
		send("x");
		queue.drain(() => drained++);
		await turn();
		expect(drained).toBe(0);
		take();
		await turn();
		expect(drained).toBe(1);
	});
});

describe("The total of all queues", () => {
	it("costs the one in which most waits what waits there", async () => {
		const total = new HeldTotal(100);
		const [short, long, more] = [fakeSocket(), fakeSocket(), fakeSocket()].map(({ socket }) =>
			queueOf(socket, 1000, total),
		) as [ReturnType<typeof queueOf>, ReturnType<typeof queueOf>, ReturnType<typeof queueOf>];
		short.send("x".repeat(20));
		long.send("x".repeat(70));
		more.offer("x".repeat(11), "a");
		expect([short.overflows, long.overflows, more.overflows]).toEqual([[], ["maxQueuedTotalBytes"], []]);
		expect([total.bytes, long.queue.open, long.queue.queuedBytes]).toEqual([31, false, 0]);
	});

	it("is counted by account: many sessions that do not read do not cost a component what waits for it", () => {
		const total = new HeldTotal(100);
		const component = queueOf(fakeSocket().socket, 1000, total, "fn.localhost");
		const sessions = [7, 9, 8, 9].map((bytes) => {
			const session = queueOf(fakeSocket().socket, 1000, total, "a@localhost");
			session.send("x".repeat(bytes));
			return session;
		});
		component.offer("x".repeat(30), "b");
		const other = queueOf(fakeSocket().socket, 1000, total, "b@localhost");
		other.send("x".repeat(29));
		other.offer("x".repeat(9), "c");
		const overflown = [component, other, ...sessions].map(({ overflows }) => overflows.length);
		expect([overflown, total.bytes]).toEqual([[0, 1, 0, 0, 0, 0], 63]);
		component.offer("x".repeat(3), "b");
		sessions[0]?.send("x".repeat(35));
		expect([component, ...sessions].map(({ overflows }) => overflows.length)).toEqual([0, 1, 0, 0, 0]);
		sessions[1]?.send("x".repeat(42));
		expect([component, ...sessions].map(({ overflows }) => overflows.length)).toEqual([0, 1, 1, 0, 0]);
		expect(total.bytes).toBe(50);
	});

	it("forgets what waited for a socket that is gone, whatever the socket says later", async () => {
		const total = new HeldTotal(100);
		const { socket, take } = fakeSocket();
		const { queue, send } = queueOf(socket, 1000, total);
		send("x".repeat(20));
		await turn();
		send("x".repeat(30));
		expect(total.bytes).toBe(50);
		queue.discard();
		expect(total.bytes).toBe(0);
		take();
		queue.discard();
		queue.end("bye");
		expect(total.bytes).toBe(0);
	});
});
