import type { BusError, Log } from "@antiphon/protocol";
import type { Element, Skipped } from "@antiphon/xml";
import { Seldom } from "./seldom.js";

/** How often the log says that answers could not be sent. */
const UNSENT_EVERY_MS = 1_000;
/** How often it says what strangers bring about: whoever does it can do it often. */
const STRANGERS_EVERY_MS = 10_000;

/**
 * What a node has not answered or not even read: counted, and told in the log. Not each of them: a peer must not be able to
 * fill a log.
 */
export class TurnedAway {
	readonly #log: Log;
	readonly #unsent = new Seldom(UNSENT_EVERY_MS);
	readonly #dropped = new Seldom(STRANGERS_EVERY_MS);
	readonly #overLimit = new Seldom(STRANGERS_EVERY_MS);
	#unanswered = 0;
	#skipped = 0;

	constructor(log: Log) {
		this.#log = log;
	}

	/** Requests that got no answer. */
	get unanswered(): number {
		return this.#unanswered;
	}

	/** Stanzas that the link skipped. */
	get skipped(): number {
		return this.#skipped;
	}

	/** The request is dropped, because too much waits to be sent. */
	drop(from: string | undefined): void {
		this.#unanswered++;
		this.#dropped.say((more) =>
			this.#log.warn(
				`a request from ${from} was dropped${more}: more is waiting to be sent than the XMPP server takes soon. If that is no flood, raise the server's rate limit for this account (Prosody: limits; ejabberd: shaper)`,
			),
		);
	}

	/**
	 * The answer finds no room, or there is no link.
	 * @param isReplaced whether another one goes instead
	 */
	unsent(answer: Element, error: BusError, isReplaced: boolean): void {
		if (!isReplaced) this.#unanswered++;
		// That the link is down has been said already.
		const level = error.code === "link-lost" ? "debug" : "warn";
		this.#unsent.say((more) =>
			this.#log[level](`an answer to ${answer.attr("to")} could not be sent: ${error.message}${more}`),
		);
	}

	/** The link skipped a stanza that is over a limit. */
	skip({ head, limit, bytes }: Skipped): void {
		this.#skipped++;
		const from = head?.attr("from") ?? "somebody";
		this.#overLimit.say((more) =>
			this.#log.warn(`a stanza of ${bytes} bytes from ${from} was skipped (${limit})${more}`),
		);
	}
}
