import { BusError, iq, isStanza, type Jid, NS } from "@antiphon/protocol";
import { type Element, type Skipped, STREAM_END, serialize, xml } from "@antiphon/xml";
import { CHEAP_BACKLOG, FULL_MS } from "../backlog.js";
import { passing } from "../failure.js";
import { Liveness } from "../liveness.js";
import { DEFAULT_MAX_STANZA_BYTES, type StreamSettings } from "../options.js";
import { PingRecord } from "../ping-record.js";
import { SendWindow } from "../send-window.js";
import { stanzaId } from "../stanza-id.js";
import type { Session, SessionEvents } from "../supervisor.js";
import { WriteQueue } from "../write-queue.js";
import type { LinkEnvironment } from "./environment.js";
import { insteadOf } from "./skipped-stanza.js";
import { streamFailure } from "./stream-errors.js";
import type { Arrival, Wire } from "./wire.js";

export interface SessionSetup {
	readonly wire: Wire;
	readonly jid: Jid;
	/** The largest stanza that the server says it takes (XEP-0478). */
	readonly announcedMaxBytes: number | undefined;
	/** What has come in during the last step of the negotiation. */
	readonly held: Arrival[];
	/** Completes or refuses a stanza before it is sent. */
	readonly prepare: (stanza: Element) => Element;
	readonly settings: StreamSettings;
	readonly environment: LinkEnvironment;
	readonly events: SessionEvents;
}

/** A stream that is up: stanzas go from the parser to the listener and from `send` to the socket, with nothing in between. */
export class StreamSession implements Session {
	readonly jid: Jid;
	readonly maxStanzaBytes: number;
	readonly #setup: SessionSetup;
	readonly #wire: Wire;
	readonly #queue: WriteQueue;
	readonly #pings = new PingRecord();
	readonly #liveness: Liveness;
	readonly #window: SendWindow;
	#held: Arrival[] | undefined;
	#closing = false;
	#onOver: (() => void) | undefined;

	constructor(setup: SessionSetup) {
		const { wire, settings, environment } = setup;
		this.#setup = setup;
		this.#wire = wire;
		this.#held = setup.held;
		this.jid = setup.jid;
		this.maxStanzaBytes = maxStanzaBytes(settings.maxStanzaBytes, setup.announcedMaxBytes);
		this.#liveness = new Liveness(settings.liveness, environment.clock, this.#pings, {
			ping: () => this.#ping(),
			unanswered: () => {
				this.#window.giveUp();
				this.#queue.resume();
			},
			dead: (reason) => wire.end(passing("link-lost", `the connection is dead: ${reason}`)),
		});
		this.#queue = new WriteQueue(settings.maxBufferedBytes, {
			write: (text, bytes, done) => {
				wire.write(text, done);
				this.#window.wrote(bytes);
				if (this.#window.due) this.#ping();
			},
			writing: () => this.#liveness.writing(),
			written: () => this.#liveness.written(),
			room: () => this.#window.room,
		});
		this.#window = new SendWindow(this.#pings, {
			maxBytes: settings.maxBufferedBytes,
			replyMs: settings.liveness.replyMs,
		});
		wire.outlive();
		wire.listen({
			onBytes: (bytes) => {
				this.#liveness.heard(bytes);
				this.#queue.resume();
			},
			onHeader: () => {},
			onElement: (element) => this.#receive(element),
			onSkipped: (skipped) => {
				if (this.#held !== undefined) this.#held.push({ skipped });
				else this.#skip(skipped);
			},
			onEnd: (failure) => {
				this.#liveness.stop();
				this.#queue.clear();
				this.#onOver?.();
				if (!this.#closing) setup.events.onEnd(failure);
			},
		});
	}

	get backlog(): number {
		const waitMs = this.#window.waitMs(this.#queue.queuedBytes, this.#setup.environment.clock.now());
		return Math.min(1, Math.max(this.#queue.bytes / this.#setup.settings.maxBufferedBytes, waitMs / FULL_MS));
	}

	begin(): void {
		// A stanza that is handled may bring the next: the list is complete only when it has been emptied.
		for (let next = this.#held?.shift(); next !== undefined; next = this.#held?.shift()) {
			if ("skipped" in next) this.#skip(next.skipped);
			else this.#deliver(next.element);
		}
		this.#held = undefined;
	}

	send(stanza: Element): void {
		if (!isStanza(stanza)) {
			throw new BusError("invalid-argument", `not a stanza: <${stanza.name} xmlns='${stanza.ns}'>`);
		}
		this.#write(this.#setup.prepare(stanza));
	}

	close(): Promise<void> {
		this.#closing = true;
		return new Promise((resolve) => {
			const { environment, settings } = this.#setup;
			const over = () => {
				cancel();
				this.destroy();
				resolve();
			};
			const cancel = environment.clock.after(settings.closeMs, over);
			this.#onOver = over;
			// What was sent goes first; then the end of our stream; then the server's, which ends the wire.
			this.#queue.whenEmpty(() => this.#wire.write(STREAM_END));
		});
	}

	destroy(): void {
		this.#closing = true;
		this.#wire.end(passing("cancelled", "the link was closed"));
	}

	#receive(element: Element): void {
		if (element.is("error", NS.streams)) {
			const failure = streamFailure(element, this.#setup.settings.domain);
			this.#wire.end(failure.heardOn(this.#wire), STREAM_END);
		} else if (this.#held !== undefined) this.#held.push({ element });
		else this.#deliver(element);
	}

	#deliver(element: Element): void {
		// Nonzas of extensions that were never asked for mean nothing here.
		if (!isStanza(element) || this.#isPing(element)) return;
		this.#setup.events.onStanza(element);
	}

	#skip(skipped: Skipped): void {
		this.#setup.events.onSkipped(skipped);
		const { reply, stanza } = insteadOf(skipped);
		if (stanza !== undefined) this.#deliver(stanza);
		if (reply === undefined || this.backlog > CHEAP_BACKLOG) return;
		try {
			this.send(reply);
		} catch {
			// What cannot be sent, because too much waits already or it is in the name of another, its sender goes without.
		}
	}

	#write(stanza: Element): void {
		let text: string;
		try {
			text = serialize(stanza, NS.client);
		} catch (error) {
			const why = error instanceof Error ? error.message : String(error);
			throw new BusError("invalid-argument", `the stanza cannot be written as XML: ${why}`, { cause: error });
		}
		const bytes = Buffer.byteLength(text);
		if (bytes > this.maxStanzaBytes) {
			throw new BusError(
				"too-large",
				`the stanza has ${bytes} bytes; the XMPP server takes ${this.maxStanzaBytes}. Send less, or raise the server's limit and maxStanzaBytes`,
			);
		}
		this.#queue.push(text, bytes);
	}

	/**
	 * XEP-0199. An answer of any kind will do. It goes past the queue, behind what has been written: what waits there is
	 * none of the server's business yet.
	 */
	#ping(): void {
		const { settings, environment } = this.#setup;
		const id = stanzaId();
		const ping = iq("get", { to: settings.pingTo, id }, xml("ping", NS.ping));
		this.#wire.write(serialize(this.#setup.prepare(ping), NS.client));
		const { writtenBytes } = this.#window;
		const { heardBytes } = this.#liveness;
		this.#pings.sent({ id, atMs: environment.clock.now(), writtenBytes, heardBytes });
	}

	/**
	 * The answer to our ping; or, on a component link, the ping itself on its way back: a component asks its own domain,
	 * because no other address is sure to exist.
	 */
	#isPing(element: Element): boolean {
		const { pending } = this.#pings;
		if (element.name !== "iq" || pending === undefined || element.attr("id") !== pending.id) return false;
		const type = element.attr("type");
		if (type === "get" && this.#setup.settings.pingTo !== element.attr("from")) return false;
		const now = this.#setup.environment.clock.now();
		this.#pings.answered(now);
		this.#window.answered(pending, now);
		if (this.#window.due) this.#ping();
		this.#queue.resume();
		return true;
	}
}

function maxStanzaBytes(wanted: number | undefined, announced: number | undefined): number {
	if (announced === undefined) return wanted ?? DEFAULT_MAX_STANZA_BYTES;
	return Math.min(announced, wanted ?? announced);
}
