import { BusError, Jid, type Log } from "@antiphon/protocol";
import type { Element } from "@antiphon/xml";
import type { IncomingPresence, PresenceType } from "./node-host.js";

type Listener = (incoming: IncomingPresence) => void;

/** Who wants to hear of which type of presence. */
export class PresenceListeners {
	readonly #log: Log;
	readonly #byType = new Map<string, Set<Listener>>();

	constructor(log: Log) {
		this.#log = log;
	}

	/** @returns what undoes it */
	add(type: PresenceType, listener: Listener): () => void {
		const listeners = this.#byType.get(type) ?? new Set();
		this.#byType.set(type, listeners);
		listeners.add(listener);
		return () => listeners.delete(listener);
	}

	/** Tells those who listen for its type. One without addresses is nobody's. */
	tell(stanza: Element): void {
		const listeners = this.#byType.get(stanza.attr("type") ?? "available");
		const from = Jid.tryParse(stanza.attr("from"));
		const to = Jid.tryParse(stanza.attr("to"));
		if (listeners === undefined || from === undefined || to === undefined) return;
		for (const listener of [...listeners]) {
			// One that fails does not keep the others from hearing of it.
			try {
				listener({ stanza, from, to });
			} catch (error) {
				this.#log.error(`presence of ${from} could not be handled: ${BusError.from(error).message}`);
			}
		}
	}
}
