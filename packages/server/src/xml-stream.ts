import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import { isLoopback, type Log, NS } from "@antiphon/protocol";
import {
	type Element,
	STREAM_END,
	STREAM_PREFIXES,
	StreamParser,
	serialize,
	streamHeader,
	type XmlLimits,
	xml,
} from "@antiphon/xml";
import type { ServerLimits } from "./limits.js";

import { type FlushTurn, Outbox } from "./outbox.js";
import { adviceFor, type StreamErrorCondition, streamErrorText } from "./stream-error.js";

/** What all streams of one server share. */
export interface StreamContext {
	readonly domain: string;
	readonly limits: ServerLimits;
	readonly log: Log;
	readonly turn: FlushTurn;
	/** Milliseconds of a clock that only goes forward. */
	now(): number;
}

export interface StreamEvents {
	/** A stream header arrived: the first, or the one after `restart()`. */
	onHeader(header: Element): void;
	/** A first-level element arrived, in the namespace `jabber:client` where it has the stream's content namespace. */
	onElement(element: Element): void;
	/** The stream is over: nothing more comes or goes. Called once, as soon as that is decided. */
	onClosed(reason: string): void;
}

const NOTHING = Buffer.alloc(0);

/**
 * One XML stream over one socket: parser, outbox, header, stream errors, the end.
 *
 * | from    | to      | when                                                                        |
 * | ------- | ------- | --------------------------------------------------------------------------- |
 * | open    | closing | `fail()`, `end()`, or the peer's `</stream:stream>`: the last word is sent  |
 * | open    | closed  | the socket closed, or `destroy()`                                           |
 * | closing | closed  | the peer closed too, or `closeTimeoutMs` passed: the socket is destroyed    |
 */
export class XmlStream {
	readonly #context: StreamContext;
	readonly #events: StreamEvents;
	readonly #contentNs: string;
	readonly #outbox: Outbox;
	#socket: Socket;
	#parser: StreamParser;
	#state: "open" | "closing" | "closed" = "open";
	#headerSent = false;
	#unlisten: () => void;
	/** The chunk being read. */
	#chunk: Buffer = NOTHING;
	/** Who this is, for the log. */
	who: string;
	/** The peer's address and port. */
	readonly peer: string;
	readonly loopback: boolean;
	/** When the last byte came, by the context's clock. */
	lastHeardMs: number;

	/** @param contentNs the namespace of the stanzas on the wire, `jabber:client` or `jabber:component:accept` */
	constructor(context: StreamContext, socket: Socket, who: string, contentNs: string, events: StreamEvents) {
		this.#context = context;
		this.#events = events;
		this.#contentNs = contentNs;
		this.#socket = socket;
		this.who = who;
		const address = socket.remoteAddress ?? "unknown";
		this.peer = `${address}:${socket.remotePort ?? 0}`;
		this.loopback = isLoopback(address);
		this.lastHeardMs = context.now();
		this.#outbox = new Outbox(socket, context.turn, context.limits.maxQueuedBytes, () => this.#overflow());
		this.#parser = this.#newParser();
		this.#unlisten = this.#listen();
	}

	get open(): boolean {
		return this.#state === "open";
	}

	get queuedBytes(): number {
		return this.#outbox.queuedBytes;
	}

	/**
	 * Something other than white space stands behind the element being handled, in the same chunk. White space should
	 * not be there either (RFC 6120, section 5.3.3), but go-sendxmpp sends a newline; it is thrown away.
	 */
	get unread(): boolean {
		const { unread } = this.#parser;
		return unread > 0 && /[^ \t\r\n]/.test(this.#chunk.toString("latin1", this.#chunk.length - unread));
	}

	/** Answers the peer's header. @returns the id of the stream */
	sendHeader(from: string, to?: string): string {
		const id = randomBytes(16).toString("base64url");
		this.#headerSent = true;
		this.#outbox.send(this.#header(from, id, to));
		return id;
	}

	send(element: Element): void {
		// Writing out what will not be sent is work that a peer could make us do without end.
		if (!this.#outbox.open) return;
		this.#outbox.send(serialize(element, NS.client));
	}

	/** `<stream:features/>` */
	sendFeatures(features: readonly Element[]): void {
		this.#outbox.send(serialize(xml("features", NS.streams, {}, ...features), NS.client, STREAM_PREFIXES));
	}

	/** Sends what was serialized before, so that several receivers cost one serialization. */
	sendText(text: string): void {
		this.#outbox.send(text);
	}

	/** The next bytes are a new stream (after SASL). */
	restart(): void {
		this.#headerSent = false;
		this.#parser.restart();
	}

	setLimits(limits: Partial<XmlLimits>): void {
		this.#parser.setLimits(limits);
	}

	/**
	 * Sends a last element in the clear, then goes on over the socket that `secure` makes of this one. Between the two
	 * nothing is read: what the peer sent too early ends up in the TLS handshake, which it breaks.
	 */
	upgrade(last: Element, secure: (socket: Socket) => Socket): void {
		const plain = this.#socket;
		plain.pause();
		this.#parser.stop();
		this.send(last);
		this.#outbox.flush(() => {
			if (this.#state !== "open" || plain.destroyed) return;
			this.#unlisten();
			// The TLS socket tells of its end; what the plain one has to say is about the same end.
			plain.on("error", () => {});
			this.#socket = secure(plain);
			this.#outbox.moveTo(this.#socket);
			this.#headerSent = false;
			this.#parser = this.#newParser();
			this.#unlisten = this.#listen();
		});
	}

	/** Ends the stream with an error (RFC 6120, section 4.9), and says so in the log. Idempotent. */
	fail(condition: StreamErrorCondition, text: string, level: "info" | "warn" | "error" = "warn"): void {
		if (this.#state !== "open") return;
		this.#context.log[level](
			`${this.who} from ${this.peer}: closed with ${condition}: ${text}.${adviceFor(condition)}`,
		);
		this.#finish(streamErrorText(condition, text), `${condition}: ${text}`);
	}

	/** Ends the stream in order, with a last element before its end if need be. Idempotent. */
	end(reason: string, last?: Element): void {
		if (this.#state !== "open") return;
		this.#context.log.debug(`${this.who} from ${this.peer}: ${reason}`);
		this.#finish((last === undefined ? "" : serialize(last, NS.client)) + STREAM_END, reason);
	}

	/** Ends at once, without a word. Idempotent. */
	destroy(reason: string): void {
		const wasOpen = this.#state === "open";
		this.#state = "closed";
		this.#socket.destroy();
		if (wasOpen) this.#closed(reason);
	}

	#finish(lastWord: string, reason: string): void {
		this.#state = "closing";
		this.#parser.stop();
		// An error before the peer's header was answered still needs a header of ours (RFC 6120, section 4.9.1.2).
		const header = this.#headerSent ? "" : this.#header(this.#context.domain, randomBytes(16).toString("base64url"));
		this.#outbox.end(header + lastWord);
		const socket = this.#socket;
		// What still comes is read and thrown away: an unread byte would turn the close into a reset, and the peer might
		// never see the error.
		socket.resume();
		const timer = setTimeout(() => this.destroy(reason), this.#context.limits.closeTimeoutMs);
		socket.once("close", () => clearTimeout(timer));
		this.#closed(reason);
	}

	#header(from: string, id: string, to?: string): string {
		const version = this.#contentNs === NS.client ? "1.0" : undefined;
		return streamHeader(this.#contentNs, { from, to, id, version, "xml:lang": version && "en" });
	}

	#closed(reason: string): void {
		this.#guard(() => this.#events.onClosed(reason));
	}

	#overflow(): void {
		const waiting = this.#context.limits.maxQueuedBytes;
		// Not at once: the sender that filled the queue is in the middle of its own work.
		setImmediate(() => {
			this.fail("resource-constraint", `more than ${waiting} bytes wait to be read (limits.maxQueuedBytes)`);
		});
	}

	#lost(reason: string): void {
		if (this.#state === "open") this.#context.log.info(`${this.who} from ${this.peer}: connection lost: ${reason}`);
		this.destroy(reason);
	}

	/** @returns what takes the listeners off again, those of others left alone */
	#listen(): () => void {
		const socket = this.#socket;
		const onData = (chunk: Buffer) => {
			this.lastHeardMs = this.#context.now();
			if (this.#state !== "open") return;
			this.#chunk = chunk;
			this.#guard(() => this.#parser.write(chunk));
			this.#chunk = NOTHING;
		};
		const onError = (error: Error) => this.#lost(error.message);
		const onClose = () => this.#lost("the peer closed the socket");
		socket.on("data", onData).on("error", onError).on("close", onClose);
		return () => void socket.off("data", onData).off("error", onError).off("close", onClose);
	}

	#newParser(): StreamParser {
		const { limits } = this.#context;
		return new StreamParser(
			{
				onStart: (header) => this.#events.onHeader(header),
				onElement: (element) => this.#events.onElement(element),
				onEnd: () => this.end("the peer ended the stream"),
				onError: (error) => this.fail(error.condition, error.message),
			},
			{
				limits: {
					maxStreamBytes: limits.maxLoginBytes,
					maxStanzaBytes: Math.min(limits.maxLoginBytes, limits.maxStanzaBytes),
					maxDepth: limits.maxDepth,
					maxAttributes: limits.maxAttributes,
					maxNameBytes: limits.maxNameBytes,
					maxChildren: limits.maxChildren,
				},
				...(this.#contentNs === NS.client ? {} : { contentNs: { from: this.#contentNs, to: NS.client } }),
			},
		);
	}

	/** An exception here is a fault of the server: it costs this one session, never the process. */
	#guard(run: () => void): void {
		try {
			run();
		} catch (error) {
			const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
			this.#context.log.error(`${this.who} from ${this.peer}: a fault in the server, please report it: ${detail}`);
			this.fail("internal-server-error", "a fault in the server", "error");
		}
	}
}
