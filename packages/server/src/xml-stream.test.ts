import type { Socket } from "node:net";
import { PassThrough } from "node:stream";
import { message, NS, quietLog } from "@antiphon/protocol";
import { xml } from "@antiphon/xml";
import { expect, it } from "vitest";
import { resolveLimits } from "./limits.js";
import { FlushTurn, type Writing } from "./outbox.js";
import { QueueTotal } from "./queue-total.js";
import type { WireStanza } from "./wire-stanza.js";
import { XmlStream } from "./xml-stream.js";

const HEADER = `<stream:stream to='localhost' version='1.0' xmlns='${NS.client}' xmlns:stream='${NS.streams}'>`;

/** A stream with room for 1000 bytes, over a socket that takes nothing. */
function fullStream(onElement: (stream: XmlStream) => void) {
	const socket = new PassThrough({ write: () => {} });
	const limits = resolveLimits({ maxQueuedBytes: 1000, closeTimeoutMs: 10 });
	const total = new QueueTotal(1_000_000);
	const closed: string[] = [];
	const context = { domain: "localhost", limits, log: quietLog, turn: new FlushTurn(), total, now: () => 0 };
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
