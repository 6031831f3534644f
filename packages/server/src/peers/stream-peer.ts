import type { Jid } from "@antiphon/protocol";
import type { Backlog, Delivery } from "../streams/send-queue.js";
import type { StreamErrorCondition } from "../streams/stream-error.js";
import type { WireStanza } from "../streams/wire-stanza.js";
import type { XmlStream } from "../streams/xml-stream.js";
import type { Peer } from "./peer.js";

/** Whoever is logged in on a stream of its own. */
export class StreamPeer implements Peer {
	readonly #stream: XmlStream;
	readonly jid: Jid;
	readonly payer: string;
	readonly maxStanzaBytes: number;

	constructor(stream: XmlStream, jid: Jid, payer: string, maxStanzaBytes: number) {
		this.#stream = stream;
		this.jid = jid;
		this.payer = payer;
		this.maxStanzaBytes = maxStanzaBytes;
	}

	get lastHeardMs(): number {
		return this.#stream.lastHeardMs;
	}

	get unfinishedSinceMs(): number | undefined {
		return this.#stream.unfinishedSinceMs;
	}

	get backlog(): Backlog {
		return this.#stream.backlog;
	}

	send(stanza: WireStanza): Delivery {
		return this.#stream.sendStanza(stanza);
	}

	offer(stanza: WireStanza, payer: string): Delivery {
		return this.#stream.offer(stanza, payer);
	}

	/** Sends what was kept for it, as text. */
	sendText(text: string): void {
		this.#stream.sendText(text);
	}

	fail(condition: StreamErrorCondition, text: string): void {
		this.#stream.fail(condition, text);
	}
}
