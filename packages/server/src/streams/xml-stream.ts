import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import { isLoopback, type Log, NS } from "@antiphon/protocol";
import { type Element, STREAM_END, STREAM_PREFIXES, serialize, streamHeader, type XmlLimits, xml } from "@antiphon/xml";
import type { ServerLimits } from "../limits.js";
import type { HeldTotal } from "./held-total.js";
import type { ReadingTurn } from "./reading-turn.js";
import type { Delivery } from "./send-queue.js";
import { type Backlog, type FlushTurn, type OverflownLimit, SendQueue } from "./send-queue.js";
import { adviceFor, type StreamErrorCondition, streamErrorText } from "./stream-error.js";
import { StreamReader } from "./stream-reader.js";
import type { WireStanza } from "./wire-stanza.js";

/** What all streams of one server share. */
export interface StreamContext {
	readonly domain: string;
	readonly limits: ServerLimits;
	readonly log: Log;
	readonly reading: ReadingTurn;
	readonly flushing: FlushTurn;
	/** Of what is read and not finished; of what waits to be sent. */
	readonly held: HeldTotal;
	readonly queued: HeldTotal;
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

/**
 * One XML stream over one socket: reader, queue, header, stream errors, the end.
 *
 * | from    | to      | when                                                                        |
 * | ------- | ------- | --------------------------------------------------------------------------- |
 * | open    | closing | `fail()`, `end()`, or the peer's `</stream:stream>`: the last word is sent  |
 * | open    | closed  | the socket closed and what had come is read, or `destroy()`                 |
 * | closing | closed  | the peer closed too, or `closeTimeoutMs` passed: the socket is destroyed    |
 */
export class XmlStream {
	readonly #context: StreamContext;
	readonly #events: StreamEvents;
	readonly #contentNs: string;
	readonly #queue: SendQueue;
	#socket: Socket;
	#reader: StreamReader;
	#state: "open" | "closing" | "closed" = "open";
	#headerSent = false;
	#toldSlow = false;
	#unlisten: () => void;
	#closeTimer: NodeJS.Timeout | undefined;
	/** Who this is, for the log. */
	who: string;
	/** Who has to answer for the work and the memory that it takes: its address, and once logged in its account or domain. */
	payer: string;
	/** The peer's address and port. */
	readonly peer: string;
	readonly loopback: boolean;

	/** @param contentNs the namespace of the stanzas on the wire, `jabber:client` or `jabber:component:accept` */
	constructor(context: StreamContext, socket: Socket, who: string, contentNs: string, events: StreamEvents) {
		this.#context = context;
		this.#events = events;
		this.#contentNs = contentNs;
		this.#socket = socket;
		this.who = who;
		const address = socket.remoteAddress ?? "unknown";
		this.peer = `${address}:${socket.remotePort ?? 0}`;
		this.payer = `address ${address}`;
		this.loopback = isLoopback(address);
		this.#queue = new SendQueue(socket, {
			turn: context.flushing,
			total: context.queued,
			maxBytes: context.limits.maxQueuedBytes,
			payer: () => this.payer,
			onOverflow: (limit) => this.#overflow(limit),
		});
		this.#reader = this.#newReader();
		this.#unlisten = this.#listen();
	}

	get open(): boolean {
		return this.#state === "open";
	}

	get backlog(): Backlog {
		return this.#queue;
	}

	/** When the last byte came, by the context's clock. */
	get lastHeardMs(): number {
		return this.#reader.lastHeardMs;
	}

	/** When the stanza began that the peer has not finished yet, by the context's clock. */
	get unfinishedSinceMs(): number | undefined {
		return this.#reader.unfinishedSinceMs;
	}

	/**
	 * Something other than white space stands behind the element being handled, in the same chunk. White space should
	 * not be there either (RFC 6120, section 5.3.3), but go-sendxmpp sends a newline; it is thrown away.
	 */
	get unread(): boolean {
		return this.#reader.unread;
	}

	/** Calls back when what came before the socket closed is worked on, or let go of: at once, or later. */
	whenRead(run: () => void): void {
		this.#reader.whenRead(run);
	}

	/** Answers the peer's header. @returns the id of the stream */
	sendHeader(from: string, to?: string): string {
		const id = randomBytes(16).toString("base64url");
		this.#headerSent = true;
		this.sendText(this.#header(from, id, to));
		return id;
	}

	/** Sends what the stream itself has to say, of a size that the server knows. */
	send(element: Element): void {
		if (this.#queue.open) this.sendText(serialize(element, NS.client));
	}

	/** Sends a stanza that the peer has caused itself. */
	sendStanza(stanza: WireStanza): Delivery {
		// Writing out what will not be sent is work that a peer could make us do without end.
		if (!this.#queue.open) return "no-room";
		const { writing } = stanza;
		if (writing === undefined) return "too-large";
		this.#queue.send(writing);
		return "queued";
	}

	/** Sends a stanza that another has to answer for. */
	offer(stanza: WireStanza, payer: string): Delivery {
		if (this.#queue.hasRoomFor(payer)) {
			const { writing } = stanza;
			if (writing === undefined) return "too-large";
			if (this.#queue.offer(writing, payer)) return "queued";
		}
		this.#tellSlow(payer);
		return "no-room";
	}

	/** `<stream:features/>` */
	sendFeatures(features: readonly Element[]): void {
		this.sendText(serialize(xml("features", NS.streams, {}, ...features), NS.client, STREAM_PREFIXES));
	}

	/** Sends what is text already, because of the peer itself. */
	sendText(text: string): void {
		this.#queue.send({ text, bytes: Buffer.byteLength(text) });
	}

	/** The next bytes are a new stream (after SASL). */
	restart(): void {
		this.#headerSent = false;
		this.#reader.restart();
	}

	setLimits(limits: Partial<XmlLimits>): void {
		this.#reader.setLimits(limits);
	}

	/**
	 * Sends a last element in the clear, then goes on over the socket that `secure` makes of this one. Between the two
	 * nothing is read: what the peer sent too early ends up in the TLS handshake, which it breaks.
	 */
	upgrade(last: Element, secure: (socket: Socket) => Socket): void {
		const plain = this.#socket;
		plain.pause();
		this.#reader.stop();
		this.send(last);
		this.#queue.drain(() => {
			if (this.#state !== "open" || plain.destroyed) return;
			this.#unlisten();
			// The TLS socket tells of its end; what the plain one has to say is about the same end.
			plain.on("error", () => {});
			this.#socket = secure(plain);
			this.#queue.moveTo(this.#socket);
			this.#headerSent = false;
			this.#reader = this.#newReader();
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
		clearTimeout(this.#closeTimer);
		this.#reader.stop();
		this.#queue.discard();
		this.#socket.destroy();
		if (wasOpen) this.#closed(reason);
	}

	#finish(lastWord: string, reason: string): void {
		this.#state = "closing";
		this.#reader.stop();
		// An error before the peer's header was answered still needs a header of ours (RFC 6120, section 4.9.1.2).
		const header = this.#headerSent ? "" : this.#header(this.#context.domain, randomBytes(16).toString("base64url"));
		this.#queue.end(header + lastWord);
		// What still comes is read and thrown away: an unread byte would turn the close into a reset, and the peer might
		// never see the error.
		this.#socket.resume();
		this.#closeTimer = setTimeout(() => this.destroy(reason), this.#context.limits.closeTimeoutMs);
		this.#closed(reason);
	}

	#header(from: string, id: string, to?: string): string {
		const version = this.#contentNs === NS.client ? "1.0" : undefined;
		return streamHeader(this.#contentNs, { from, to, id, version, "xml:lang": version && "en" });
	}

	#closed(reason: string): void {
		this.#guard(() => this.#events.onClosed(reason));
	}

	#overflow(limit: OverflownLimit): void {
		// The rest of the chunk is not worked on: it would cause more of what there is no room for.
		this.#reader.stop();
		if (this.#state === "closing") this.destroy(`too much waits to be read (limits.${limit})`);
		// The end comes later: whoever filled the queue is in the middle of its own work, and counts on who is there.
		setImmediate(() => {
			const { [limit]: bytes } = this.#context.limits;
			const where = limit === "maxQueuedBytes" ? "" : " by all peers, and most by this one or others of its account";
			this.fail("resource-constraint", `more than ${bytes} bytes wait to be read${where} (limits.${limit})`);
		});
	}

	/** Once for each connection: who floods it would fill the log too. */
	#tellSlow(payer: string): void {
		if (this.#toldSlow || !this.#queue.open) return;
		this.#toldSlow = true;
		this.#context.log.warn(
			`${this.who} from ${this.peer}: reads too slowly for what it is sent, ${this.#queue.queuedBytes} bytes wait: ` +
				`a stanza from ${payer} is refused, and so are others that do not fit (limits.maxQueuedBytes).`,
		);
	}

	#lost(reason: string): void {
		if (this.#state === "open") this.#context.log.info(`${this.who} from ${this.peer}: connection lost: ${reason}`);
		this.destroy(reason);
	}

	/** @returns what takes the listeners off again, those of others left alone */
	#listen(): () => void {
		const socket = this.#socket;
		const lost = (reason: string) => this.whenRead(() => this.#lost(reason));
		const onError = (error: Error) => lost(error.message);
		const onClose = () => lost("the peer closed the socket");
		socket.on("error", onError).on("close", onClose);
		return () => void socket.off("error", onError).off("close", onClose);
	}

	#newReader(): StreamReader {
		const { reading, held, limits, now } = this.#context;
		return new StreamReader(this.#socket, {
			turn: reading,
			total: held,
			limits,
			contentNs: this.#contentNs,
			events: {
				onStart: (header) => this.#events.onHeader(header),
				onElement: (element) => this.#events.onElement(element),
				onEnd: () => this.end("the peer ended the stream"),
				onError: (error) => this.fail(error.condition, error.message),
			},
			now,
			payer: () => this.payer,
			onTooMuch: () => {
				const what = `the unfinished stanzas of all peers take more than ${limits.maxReadingBytes} bytes`;
				this.fail("resource-constraint", `${what}, most those of this one's account (limits.maxReadingBytes)`);
			},
			guard: (run) => this.#guard(run),
		});
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
