import type { Socket } from "node:net";
import { PassThrough } from "node:stream";
import { message, NS, quietLog } from "@antiphon/protocol";
import { xml } from "@antiphon/xml";
import { describe, expect, it } from "vitest";
import { resolveLimits } from "../limits.js";
import { HeldTotal } from "./held-total.js";
import { ReadingTurn } from "./reading-turn.js";
import { FlushTurn, type Writing } from "./send-queue.js";
import type { WireStanza } from "./wire-stanza.js";
import { XmlStream } from "./xml-stream.js";

const HEADER = `<stream:stream to='localhost' version='1.0' xmlns='${NS.client}' xmlns:stream='${NS.streams}'>`;

/** A stream with room for 1000 bytes, over a socket that takes nothing. */
function fullStream(onElement: (stream: XmlStream) => void) {
	const socket = new PassThrough({ write: () => {} });
	const limits = resolveLimits({ maxQueuedBytes: 1000, closeTimeoutMs: 10 });
	const total = new HeldTotal(1_000_000);
	const closed: string[] = [];
	const now = () => 0;
	const turns = { reading: new ReadingTurn(now), flushing: new FlushTurn() };
	const context = {
		domain: "localhost",
		limits,
		log: quietLog,
		...turns,
		held: new HeldTotal(1e6),
		queued: total,
		now,
	};
	const stream: XmlStream = new XmlStream(context, socket as unknown as Socket, "client", NS.client, {
		onHeader: () => void stream.sendHeader("localhost"),
		onElement: () => onElement(stream),
		onClosed: (reason) => void closed.push(reason),
	});
	return { stream, closed, total, read: (text: string) => void socket.emit("data", Buffer.from(text)) };
}

it("A stream whose own answers are not read handles nothing more, not even of the same chunk, and is closed", async () => {
	let handled = 0;
	const { stream, closed, read, total } = fullStream((own) => {
		handled++;
		own.send(message({}, xml("body", NS.client, {}, "x".repeat(300))));
	});
	read(`${HEADER}${"<message/>".repeat(50)}`);
	// Whoever is at work counts on the stream until its work is done.
	expect([handled, closed]).toEqual([3, []]);
	read("<message/>".repeat(50));
	await new Promise((resolve) => setImmediate(resolve));
	expect([handled, total.bytes]).toEqual([3, 0]);
	expect(closed).toEqual([
		expect.stringMatching(/^resource-constraint: more than 1000 bytes .*limits\.maxQueuedBytes/),
	]);
	stream.destroy("the end of the test");
});

it("A stream does not write out what it will not send", async () => {
	const { stream, read } = fullStream(() => {});
	read(HEADER);
	let written = 0;
	const counted = {
		get writing(): Writing {
			written++;
			return { text: "x".repeat(500), bytes: 500 };
		},
	} as unknown as WireStanza;
	const element = message({});
	Object.defineProperty(element, "children", { get: () => written++ && [] });
	expect(stream.sendStanza(counted)).toBe("queued");
	// A quarter of it is kept free of others, and each has a quarter at most: it was written out to be measured.
	expect([stream.offer(counted, "a"), written]).toEqual(["no-room", 2]);
	stream.sendStanza(counted);
	expect([written, stream.backlog.queuedBytes]).toEqual([3, 0]);
	for (let i = 0; i < 10; i++) {
		expect([stream.sendStanza(counted), stream.offer(counted, "a")]).toEqual(["no-room", "no-room"]);
		stream.send(element);
	}
	expect(written).toBe(3);
	stream.destroy("the end of the test");
	await new Promise((resolve) => setImmediate(resolve));
	expect(stream.sendStanza(counted)).toBe("no-room");
	expect(written).toBe(3);
});

/** A stream whose stanzas take a millisecond each, by its clock: three of them are its time, and twelve a turn. */
function busyStream(onElement: (name: string, stream: XmlStream) => void = () => {}) {
	const socket = new PassThrough();
	socket.resume();
	let nowMs = 0;
	const now = () => nowMs;
	const handled: string[] = [];
	const held = new HeldTotal(1e6);
	const context = {
		domain: "localhost",
		limits: resolveLimits({ closeTimeoutMs: 10 }),
		log: quietLog,
		reading: new ReadingTurn(now),
		flushing: new FlushTurn(),
		held,
		queued: new HeldTotal(1e6),
		now,
	};
	const stream: XmlStream = new XmlStream(context, socket as unknown as Socket, "client", NS.client, {
		onHeader: () => {},
		onElement: ({ name }) => {
			handled.push(name);
			nowMs++;
			onElement(name, stream);
		},
		onClosed: (reason) => void handled.push(reason),
	});
	const pass = (ms: number): void => {
		nowMs += ms;
	};
	return { stream, socket, handled, held, pass, read: (text: string) => void socket.emit("data", Buffer.from(text)) };
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const SEVEN = "<a/><b/><c/><d/><e/><f/><g/>";

describe("A stream that has more to read than its turn has time for", () => {
	it("is paused, reads on in later turns, and then goes on", async () => {
		const { stream, socket, handled, read, pass } = busyStream();
		read(HEADER + SEVEN.repeat(3));
		expect([handled.join(""), socket.isPaused()]).toEqual(["abc", true]);
		// Something waits, so it is not silent.
		pass(5000);
		expect(stream.lastHeardMs).toBe(5003);
		await turn();
		expect([handled.join(""), socket.isPaused()]).toEqual(["abcdefgabcdefga", true]);
		await turn();
		expect([handled.join(""), socket.isPaused()]).toEqual(["abcdefgabcdefgabcdefg", false]);
		pass(10);
		expect(stream.lastHeardMs).toBe(0);
		stream.destroy("the end of the test");
	});

	it.each(["close", "error"])("is closed after what came before its socket's %s", async (event) => {
		const { stream, socket, handled, read } = busyStream();
		read(HEADER + SEVEN);
		let wasRead = false;
		socket.emit(event, new Error("reset"));
		stream.whenRead(() => (wasRead = true));
		expect([handled.join(""), stream.open, wasRead]).toEqual(["abc", true, false]);
		await turn();
		const reason = event === "close" ? "the peer closed the socket" : "reset";
		expect([handled, stream.open, wasRead]).toEqual([[..."abcdefg", reason], false, true]);
	});

	it.each<[string, (stream: XmlStream) => void]>([
		["failed", (stream) => stream.fail("conflict", "another")],
		["ended", (stream) => stream.end("done")],
		["destroyed", (stream) => stream.destroy("done")],
	])("reads nothing more once it is %s", async (_how, close) => {
		const { stream, socket, handled, held, read } = busyStream();
		read(`${HEADER}<w><x/></w>${SEVEN}`);
		let wasRead = 0;
		stream.whenRead(() => wasRead++);
		close(stream);
		expect(wasRead).toBe(0);
		await turn();
		await turn();
		expect([handled.length, handled.slice(0, 3), wasRead, held.bytes]).toEqual([4, ["w", "a", "b"], 1, 0]);
		expect(stream.lastHeardMs).toBe(0);
		expect(socket.isPaused()).toBe(_how === "destroyed");
	});

	it("reads nothing more when it is closed by what it reads in a later turn", async () => {
		const { handled, read } = busyStream((name, stream) => {
			if (name === "e") stream.end("enough");
		});
		read(HEADER + SEVEN);
		await turn();
		await turn();
		expect(handled).toEqual([..."abcde", "enough"]);
	});

	it("takes the end of the stream in its place", async () => {
		const { handled, read } = busyStream();
		read(`${HEADER}${SEVEN}</stream:stream>`);
		await turn();
		expect(handled).toEqual([..."abcdefg", "the peer ended the stream"]);
	});
});

describe("An unfinished stanza", () => {
	it("has the time at which it began, and is counted until it ends", async () => {
		const { stream, held, read, pass } = busyStream();
		read(HEADER);
		expect([stream.unfinishedSinceMs, held.bytes]).toEqual([undefined, 0]);
		pass(10);
		read("<a><b/>");
		pass(10);
		read("<b/>");
		expect([stream.unfinishedSinceMs, held.bytes]).toEqual([10, 11 + 3 * 64]);
		pass(10);
		read("</a><c>");
		expect([stream.unfinishedSinceMs, held.bytes]).toEqual([30, 3 + 64]);
		read("</c>");
		expect([stream.unfinishedSinceMs, held.bytes]).toEqual([undefined, 0]);
		read("<d>");
		stream.destroy("the end of the test");
		expect(held.bytes).toBe(0);
	});
});
