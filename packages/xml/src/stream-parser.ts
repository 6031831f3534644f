import { isAscii, isUtf8 } from "node:buffer";
import type { Element } from "./element.js";
import { DEFAULT_LIMITS, withLimits, type XmlLimits } from "./limits.js";
import { type Skipped, Skipper } from "./skipper.js";
import { type After, Tokenizer } from "./tokenizer.js";
import { TreeBuilder } from "./tree-builder.js";
import { beginsCharacter, characterSize, incompleteTail, validPrefix } from "./utf8.js";
import { type ElementLimit, OverLimit, Refusal, type StreamCondition, XmlError } from "./xml-error.js";

/** The namespace of `<stream:stream>`, `<stream:features>` and `<stream:error>` (RFC 6120 section 4.8.1). */
export const STREAMS_NS = "http://etherx.jabber.org/streams";

/** What an element, an attribute or a text takes in memory, about, besides its characters. */
const NODE_BYTES = 64;

export interface StreamEvents {
	/** The stream header: an element without children, its namespace `http://etherx.jabber.org/streams`. */
	onStart(header: Element): void;
	/** A stanza, or another element on the first level of the stream. */
	onElement(element: Element): void;
	/** The end tag of the stream. Nothing comes after it. */
	onEnd(): void;
	/** The stream cannot be read on. Nothing comes after it. */
	onError(error: XmlError): void;
}

export interface StreamParserOptions {
	/** What differs from `DEFAULT_LIMITS`. */
	readonly limits?: Partial<XmlLimits>;
	/** Elements of namespace `from` are given out as of `to`; `jabber:component:accept` as `jabber:client`, say. */
	readonly contentNs?: { readonly from: string; readonly to: string };
}

/**
 * Reads one direction of an XMPP stream (RFC 6120 sections 4 and 11). Strict, incremental, in time linear in the bytes
 * however they are cut; memory is bounded by the limits.
 *
 * Refused are: anything but well-formed UTF-8 and well-formed, namespace-well-formed XML; comments, processing
 * instructions, DOCTYPE, entities other than the five; text between stanzas; and what goes over a limit. White space
 * between stanzas is dropped. A byte order mark is refused: RFC 6120 section 11.6 has it read as a character.
 */
export class StreamParser {
	readonly #events: StreamEvents;
	readonly #builder: TreeBuilder;
	readonly #tokenizer: Tokenizer;
	#limits: XmlLimits;
	/** Bytes of a character whose rest is still to come. */
	readonly #carry = Buffer.allocUnsafeSlow(4);
	#carried = 0;
	/** Of the chunk under way: its length, and how much of it stands before what the tokenizer has. */
	#chunkLength = 0;
	#chunkStart = 0;
	#running = false;
	#stopped = false;
	#suspended = false;
	#restarting = false;
	#onSkipped: ((skipped: Skipped) => void) | undefined;

	constructor(events: StreamEvents, options: StreamParserOptions = {}) {
		this.#events = events;
		this.#limits = withLimits(DEFAULT_LIMITS, options.limits ?? {});
		this.#builder = new TreeBuilder(
			{
				header: (header) => this.#header(header),
				element: (element) => {
					events.onElement(element);
					return this.#after();
				},
				end: () => {
					this.#stopped = true;
					events.onEnd();
					return "stop";
				},
			},
			this.#limits,
			{ rootIsHeader: true, contentNs: options.contentNs },
		);
		this.#tokenizer = new Tokenizer(this.#builder, this.#limits);
	}

	/** Inside an event: the bytes of the current chunk behind what is now delivered. Otherwise 0. */
	get unread(): number {
		return this.#running ? this.#chunkLength - this.#chunkStart - this.#tokenizer.consumed : 0;
	}

	/** Between chunks: about how many bytes of memory an element, or a header, takes that has begun and not ended. Otherwise 0. */
	get heldBytes(): number {
		if (this.#running || this.#stopped || this.#tokenizer.isSkipping) return 0;
		return this.#tokenizer.unitBytes + this.#builder.unitNodes * NODE_BYTES;
	}

	/**
	 * Reads on. Bad input leads to one `onError`, after which everything is ignored. What a handler throws comes out
	 * here and leaves the parser stopped. The chunk is not kept.
	 * @returns how many bytes at the end of the chunk were not read because of `suspend()`: the next thing to be written.
	 * Otherwise 0
	 * @throws Error when called from inside an event
	 */
	write(chunk: Uint8Array): number {
		if (this.#running) throw new Error("StreamParser.write() must not be called from inside its events");
		if (this.#stopped || chunk.length === 0) return 0;
		this.#running = true;
		this.#suspended = false;
		this.#chunkLength = chunk.length;
		this.#chunkStart = 0;
		let refusal: Refusal | undefined;
		try {
			const unread = this.#read(asBuffer(chunk));
			if (!this.#stopped) return unread;
		} catch (thrown) {
			this.stop();
			if (!(thrown instanceof Refusal)) throw thrown;
			refusal = thrown;
		} finally {
			this.#running = false;
			if (this.#stopped) this.#release();
		}
		if (refusal !== undefined) {
			const offset = this.#tokenizer.base + (refusal.at ?? this.#tokenizer.consumed);
			this.#events.onError(new XmlError(refusal.condition, refusal.problem, offset));
		}
		return 0;
	}

	/**
	 * Inside an event: `write()` returns behind what is now delivered, and says how much of the chunk it has left alone.
	 * Whoever reads many streams uses it to take turns. Ignored elsewhere.
	 */
	suspend(): void {
		if (!this.#running) return;
		this.#suspended = true;
		this.#tokenizer.suspend();
	}

	/**
	 * From here on, an element on the first level of the stream that goes over a limit does not end the stream: it is let go
	 * of, read to its end and told to `onSkipped`, in its place among the others. For streams of a server that passes on what
	 * strangers send. The header of a stream must keep to the limits, and the stream ends above `maxSkippedBytes`. What is
	 * checked of a skipped element, see `Skipper`. Time is linear, and memory does not grow while skipping.
	 */
	skipOverLimit(onSkipped: (skipped: Skipped) => void): void {
		this.#onSkipped = onSkipped;
	}

	/** Changes limits from here on, for instance after login. */
	setLimits(limits: Partial<XmlLimits>): void {
		this.#limits = withLimits(this.#limits, limits);
		this.#builder.limits = this.#limits;
		this.#tokenizer.limits = this.#limits;
	}

	/**
	 * What follows is a new stream: XML declaration and header are expected, behind white space at most, which some clients
	 * send behind the last element of the old one. Inside `onStart` and `onElement`, and
	 * between chunks; ignored once the parser has stopped. `maxStreamBytes` counts on.
	 */
	restart(): void {
		if (this.#stopped) return;
		if (this.#running) this.#restarting = true;
		else {
			this.#carried = 0;
			this.#builder.reset();
			this.#tokenizer.restart();
		}
	}

	/** Nothing more is delivered. */
	stop(): void {
		this.#stopped = true;
		if (!this.#running) this.#release();
	}

	#header(header: Element): After {
		if (header.ns !== STREAMS_NS) throw new Refusal("invalid-namespace", "a root outside of the streams namespace");
		if (header.name !== "stream") throw new Refusal("bad-format", "a root other than stream");
		this.#events.onStart(header);
		return this.#after();
	}

	#after(): After {
		if (this.#stopped) return "stop";
		if (!this.#restarting) return "between";
		this.#restarting = false;
		this.#builder.reset();
		return "restart";
	}

	#release(): void {
		this.#carried = 0;
		this.#builder.reset();
		this.#tokenizer.stop();
	}

	/** Gives the tokenizer whole characters of valid UTF-8. @returns how much of the chunk is left, once suspended */
	#read(chunk: Buffer): number {
		const from = this.#carried === 0 ? 0 : this.#completeCharacter(chunk);
		this.#chunkStart = from;
		const bytes = from === 0 ? chunk : chunk.subarray(from);
		if (isAscii(bytes)) return bytes.length - this.#run(bytes, true);
		const whole = bytes.length - incompleteTail(bytes);
		const characters = bytes.subarray(0, whole);
		if (!isUtf8(characters)) {
			// What is before the bad byte counts as if it had come in a chunk of its own.
			const done = this.#run(characters.subarray(0, validPrefix(characters)), false);
			if (!this.#stopped && !this.#suspended) this.#refuseBytes();
			return bytes.length - done;
		}
		const done = this.#run(characters, false);
		if (this.#stopped || this.#suspended) return bytes.length - done;
		this.#carried = bytes.copy(this.#carry, 0, whole);
		return 0;
	}

	/** @returns how many of the bytes were read: all, unless stopped or suspended */
	#run(bytes: Buffer, ascii: boolean): number {
		for (let rest = bytes; ; ) {
			try {
				return bytes.length - rest.length + this.#tokenizer.run(rest, ascii);
			} catch (thrown) {
				if (!(thrown instanceof OverLimit) || this.#onSkipped === undefined || !this.#builder.isInStream) throw thrown;
				const done = this.#skip(thrown.limit, this.#onSkipped);
				this.#chunkStart += done;
				rest = rest.subarray(done);
			}
		}
	}

	/** @returns how much of the chunk is done */
	#skip(limit: ElementLimit, onSkipped: (skipped: Skipped) => void): number {
		const { head, open } = this.#builder.abandon();
		const end = () => {
			onSkipped({ head, limit, bytes: this.#tokenizer.unitBytes });
			return this.#after();
		};
		return this.#tokenizer.skip(new Skipper(open, end));
	}

	/** Completes the character that the last chunk began. @returns how many bytes that took */
	#completeCharacter(chunk: Buffer): number {
		const size = characterSize(this.#carry[0] as number);
		let taken = 0;
		while (this.#carried < size && taken < chunk.length) {
			this.#carry[this.#carried++] = chunk[taken++] as number;
			if (this.#carried < size && !beginsCharacter(this.#carry, 0, this.#carried)) this.#refuseBytes();
		}
		if (this.#carried < size) return taken;
		const character = this.#carry.subarray(0, size);
		if (!isUtf8(character)) this.#refuseBytes();
		this.#carried = 0;
		this.#run(character, false);
		return taken;
	}

	#refuseBytes(): never {
		const condition: StreamCondition = "unsupported-encoding";
		throw new Refusal(condition, "bytes that are not UTF-8");
	}
}

function asBuffer(chunk: Uint8Array): Buffer {
	return Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
}
