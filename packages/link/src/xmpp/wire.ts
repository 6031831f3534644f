import type { Socket } from "node:net";
import { DEFAULT_LIMITS, type Element, type Skipped, STREAM_END, StreamParser, type XmlError } from "@antiphon/xml";
import { LinkFailure, passing } from "../failure.js";
import { startTls, type TlsOptions } from "./tls.js";

export interface WireEvents {
	onHeader(header: Element): void;
	onElement(element: Element): void;
	/** A stanza over a limit was read past; after {@link Wire.trust} only. */
	onSkipped(skipped: Skipped): void;
	/** Bytes came in, this many. Before they are parsed. */
	onBytes(bytes: number): void;
	/** The connection is over; nothing follows. Called once. */
	onEnd(failure: LinkFailure): void;
}

/** What comes in once login is over. */
export type Arrival = { readonly element: Element } | { readonly skipped: Skipped };

export interface WireOptions {
	readonly maxStanzaBytes: number;
	/** For a component's stream: read its namespace as `jabber:client`. */
	readonly contentNs?: { readonly from: string; readonly to: string };
	readonly encrypted: boolean;
	/** TLS, and the certificate was checked. */
	readonly verified: boolean;
	readonly loopback: boolean;
	/** As {@link Wire.authentic}, from the start. */
	readonly authentic: boolean;
}

/** What a server may send before login. */
const MAX_BYTES_BEFORE_LOGIN = 256 * 1024;
/** How long a last word may take before the socket is destroyed. */
const LAST_WORD_MS = 500;

/** One connection: the socket, and the parser that reads it. The socket's errors, its end and bad XML all become `onEnd`. */
export class Wire {
	readonly loopback: boolean;
	#encrypted: boolean;
	#verified: boolean;
	#authentic: boolean;
	readonly #options: WireOptions;
	#socket: Socket;
	#parser: StreamParser;
	#events: WireEvents | undefined;
	#ended: LinkFailure | undefined;
	#letGoOfSignal = () => {};
	readonly #onData = (chunk: Buffer) => this.#read(chunk);
	readonly #onError = (error: Error) => this.end(passing("link-lost", `the connection broke: ${error.message}`, error));
	readonly #onClose = () => this.end(passing("link-lost", "the server closed the connection"));

	/** @param socket with an `error` listener that stays: errors may come after the end, and nobody else listens then */
	constructor(socket: Socket, options: WireOptions) {
		this.#socket = socket;
		this.#options = options;
		this.loopback = options.loopback;
		this.#encrypted = options.encrypted;
		this.#verified = options.verified;
		this.#authentic = options.authentic;
		this.#parser = this.#newParser(MAX_BYTES_BEFORE_LOGIN);
		this.#attach();
	}

	get encrypted(): boolean {
		return this.#encrypted;
	}

	get verified(): boolean {
		return this.#verified;
	}

	/** Nobody but the server can have said what comes in. */
	get authentic(): boolean {
		return this.#authentic;
	}

	/** From here on `events` gets what comes in. If the connection is over already, it is told so at once. */
	listen(events: WireEvents): void {
		this.#events = events;
		if (this.#ended !== undefined) events.onEnd(this.#ended);
	}

	/** @param done called when the operating system has taken it */
	write(text: string, done?: () => void): void {
		if (this.#ended !== undefined) return;
		this.#socket.write(text, (error) => {
			if (!error) done?.();
		});
	}

	/** Ends when the signal fires, until {@link outlive}. */
	endWith(signal: AbortSignal): void {
		const onAbort = () => this.end(passing("cancelled", "the attempt was given up"));
		signal.addEventListener("abort", onAbort);
		this.#letGoOfSignal = () => signal.removeEventListener("abort", onAbort);
		if (signal.aborted) onAbort();
	}

	/**
	 * Login is over. What came before no longer counts against a limit; and from here on the server passes on what others
	 * send, who must not be able to end the stream with a stanza that is over one.
	 */
	trust(): void {
		this.#parser.setLimits({ maxStreamBytes: Number.POSITIVE_INFINITY });
		this.#parser.skipOverLimit((skipped) => this.#events?.onSkipped(skipped));
	}

	/** The attempt has come to its end, and its signal no longer ends the connection. */
	outlive(): void {
		this.#letGoOfSignal();
	}

	/** Behind the element that is being handled, a new stream begins. */
	restart(): void {
		this.#parser.restart();
	}

	/** Bytes that came in together with the element that is being handled. */
	get unread(): number {
		return this.#parser.unread;
	}

	/** Plaintext is over: what else has come in is not read. To be followed by {@link startTls}. */
	stopReading(): void {
		this.#parser.stop();
	}

	async startTls(options: TlsOptions, signal: AbortSignal): Promise<void> {
		this.#detach();
		const tlsSocket = await startTls(this.#socket, options, signal);
		if (this.#ended !== undefined) {
			tlsSocket.destroy();
			throw this.#ended;
		}
		this.#socket = tlsSocket;
		this.#encrypted = true;
		this.#verified = options.verify;
		this.#authentic ||= options.verify;
		this.#parser = this.#newParser(MAX_BYTES_BEFORE_LOGIN);
		this.#attach();
	}

	/**
	 * The connection is over, for this reason. A last word may be given that is sent if it can be without waiting.
	 * Idempotent: the first reason counts.
	 */
	end(failure: LinkFailure, lastWord?: string): void {
		if (this.#ended !== undefined) return;
		this.#ended = failure;
		this.#parser.stop();
		this.#detach();
		const socket = this.#socket;
		if (lastWord === undefined || socket.destroyed || socket.writableLength > 0) socket.destroy();
		else {
			const timer = setTimeout(() => socket.destroy(), LAST_WORD_MS);
			socket.once("close", () => clearTimeout(timer));
			socket.resume();
			socket.end(lastWord, () => socket.destroy());
		}
		this.#events?.onEnd(failure);
	}

	#read(chunk: Buffer): void {
		this.#events?.onBytes(chunk.length);
		try {
			this.#parser.write(chunk);
		} catch (error) {
			// Handlers turn what they foresee into failures themselves. What is left is a mistake of ours, and must not become
			// an uncaught exception in the socket's data handler.
			this.end(LinkFailure.from(error));
		}
	}

	#newParser(maxStreamBytes: number): StreamParser {
		const { maxStanzaBytes, contentNs } = this.#options;
		const maxSkippedBytes = Math.max(DEFAULT_LIMITS.maxSkippedBytes, maxStanzaBytes);
		return new StreamParser(
			{
				onStart: (header) => this.#events?.onHeader(header),
				onElement: (element) => this.#events?.onElement(element),
				onEnd: () => this.end(passing("link-lost", "the server ended the stream"), STREAM_END),
				onError: (error) => this.#refuse(error),
			},
			{ limits: { maxStreamBytes, maxStanzaBytes, maxSkippedBytes }, ...(contentNs !== undefined && { contentNs }) },
		);
	}

	#refuse(error: XmlError): void {
		this.end(
			passing("link-lost", `the server sent what is no valid XMPP: ${error.message}`, error),
			`<stream:error><${error.condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>${STREAM_END}`,
		);
	}

	#attach(): void {
		this.#socket.on("data", this.#onData).on("error", this.#onError).on("close", this.#onClose);
		// It may have ended between two owners, with nobody listening.
		if (this.#socket.destroyed) process.nextTick(this.#onClose);
	}

	#detach(): void {
		this.#socket.off("data", this.#onData).off("error", this.#onError).off("close", this.#onClose);
	}
}
