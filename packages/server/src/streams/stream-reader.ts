import type { Socket } from "node:net";
import { NS } from "@antiphon/protocol";
import { type StreamEvents as ParserEvents, StreamParser, type XmlLimits } from "@antiphon/xml";
import type { ServerLimits } from "../limits.js";
import type { HeldTotal, Holder } from "./held-total.js";
import type { ReadingTurn, TurnTaker } from "./reading-turn.js";
import { ADDRESS_ATTRIBUTES } from "./wire-stanza.js";

const NOTHING = Buffer.alloc(0);

export interface ReaderParts {
	readonly turn: ReadingTurn;
	/** Of what all readers hold of unfinished stanzas. */
	readonly total: HeldTotal;
	readonly limits: ServerLimits;
	/** The namespace of the stanzas on the wire; they are given out in `jabber:client`. */
	readonly contentNs: string;
	readonly events: ParserEvents;
	now(): number;
	payer(): string;
	/** The unfinished stanzas of all take too much memory, and this one is to go. */
	onTooMuch(): void;
	/** Runs what must not throw. */
	guard(run: () => void): void;
}

/**
 * Reads one socket, in turns with the others: parser, and what of a chunk waits for its turn.
 *
 * | from    | to      | when                                                                                |
 * | ------- | ------- | ----------------------------------------------------------------------------------- |
 * | reading | waiting | the turn is over, or others come first: the socket is paused, a part of a chunk kept |
 * | waiting | reading | all of that is read: the socket goes on                                             |
 * | any     | stopped | `stop()`: nothing more is read, and nothing is kept                                 |
 */
export class StreamReader implements TurnTaker, Holder {
	readonly #parts: ReaderParts;
	readonly #socket: Socket;
	readonly #parser: StreamParser;
	readonly #onData: (chunk: Buffer) => void;
	#state: "reading" | "waiting" | "stopped" = "reading";
	/** The chunk that is read, or what of it waits. */
	#chunk: Buffer = NOTHING;
	#lastHeardMs: number;
	/** What the total knows of. */
	#heldBytes = 0;
	/** When the stanza under way began. */
	#sinceMs: number | undefined;
	/** Called once nothing waits. */
	#afterwards: (() => void)[] = [];

	constructor(socket: Socket, parts: ReaderParts) {
		this.#parts = parts;
		this.#socket = socket;
		this.#lastHeardMs = parts.now();
		this.#parser = this.#newParser();
		parts.total.add(this);
		this.#onData = (chunk) => this.#arrived(chunk);
		socket.on("data", this.#onData);
	}

	get payer(): string {
		return this.#parts.payer();
	}

	get heldBytes(): number {
		return this.#heldBytes;
	}

	/** When the last byte came. Now, while something waits: what else has come is not known. */
	get lastHeardMs(): number {
		return this.#state === "waiting" ? this.#parts.now() : this.#lastHeardMs;
	}

	/** When the stanza began that the peer has not finished. Not while something waits, which may be its end. */
	get unfinishedSinceMs(): number | undefined {
		return this.#state === "waiting" ? undefined : this.#sinceMs;
	}

	/** Inside an event: something other than white space stands behind the element, in the same chunk. */
	get unread(): boolean {
		const { unread } = this.#parser;
		return unread > 0 && /[^ \t\r\n]/.test(this.#chunk.toString("latin1", this.#chunk.length - unread));
	}

	/** Calls back when all that has come is read, or let go of: at once, or later. */
	whenRead(run: () => void): void {
		if (this.#state === "waiting") this.#afterwards.push(run);
		else run();
	}

	/** The next bytes are a new stream. */
	restart(): void {
		this.#parser.restart();
	}

	setLimits(limits: Partial<XmlLimits>): void {
		this.#parser.setLimits(limits);
	}

	/** Nothing more is read, for good, and nobody listens to the socket any more. Idempotent. */
	stop(): void {
		if (this.#state === "stopped") return;
		this.#state = "stopped";
		this.#parser.stop();
		this.#parts.total.delete(this, this.#heldBytes);
		this.#heldBytes = 0;
		this.#chunk = NOTHING;
		this.#socket.off("data", this.#onData);
		// Whoever stops it is in the middle of its own work.
		if (this.#afterwards.length > 0) setImmediate(() => this.#settle());
	}

	/** For the turn. */
	pause(): void {
		if (this.#state !== "reading") return;
		this.#state = "waiting";
		this.#socket.pause();
	}

	/** For the turn. */
	read(): boolean {
		if (this.#isStopped) return false;
		const chunk = this.#chunk;
		let unread = 0;
		this.#parts.guard(() => {
			unread = this.#parser.write(chunk);
		});
		if (this.#isStopped) return false;
		this.#chunk = unread === 0 ? NOTHING : chunk.subarray(chunk.length - unread);
		this.#count();
		if (this.#isStopped) return false;
		if (unread > 0) return true;
		if (this.#state === "waiting") {
			this.#state = "reading";
			this.#socket.resume();
			this.#settle();
		}
		return false;
	}

	/** As a getter, because every event may change it. */
	get #isStopped(): boolean {
		return this.#state === "stopped";
	}

	#arrived(chunk: Buffer): void {
		this.#lastHeardMs = this.#parts.now();
		this.#chunk = chunk;
		this.#parts.turn.take(this);
	}

	#count(): void {
		const { heldBytes } = this.#parser;
		if (heldBytes === 0) this.#sinceMs = undefined;
		else this.#sinceMs ??= this.#lastHeardMs;
		const more = heldBytes - this.#heldBytes;
		this.#heldBytes = heldBytes;
		if (more > 0) this.#parts.total.taken(more);
		else if (more < 0) this.#parts.total.givenBack(-more);
	}

	relieve(): void {
		this.#parts.onTooMuch();
	}

	#settle(): void {
		for (const run of this.#afterwards.splice(0)) run();
	}

	#newParser(): StreamParser {
		const { limits, contentNs, events } = this.#parts;
		/** After each element: it is what the time goes to. */
		const takeTurns = (): void => {
			this.#sinceMs = undefined;
			if (this.#parts.turn.over) this.#parser.suspend();
		};
		return new StreamParser(
			{
				onStart: (header) => {
					events.onStart(header);
					takeTurns();
				},
				onElement: (element) => {
					events.onElement(element);
					takeTurns();
				},
				onEnd: () => events.onEnd(),
				onError: (error) => events.onError(error),
			},
			{
				limits: {
					maxStreamBytes: limits.maxLoginBytes,
					maxStanzaBytes: Math.min(limits.maxLoginBytes, limits.maxStanzaBytes),
					maxDepth: limits.maxDepth,
					maxAttributes: Math.max(1, limits.maxAttributes - ADDRESS_ATTRIBUTES),
					maxNameBytes: limits.maxNameBytes,
					maxChildren: limits.maxChildren,
				},
				...(contentNs === NS.client ? {} : { contentNs: { from: contentNs, to: NS.client } }),
			},
		);
	}
}
