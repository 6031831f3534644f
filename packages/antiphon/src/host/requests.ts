import type { IqTable } from "@antiphon/link";
import { BusError, decodeFault, decodeStanzaError, Jid } from "@antiphon/protocol";
import type { Element } from "@antiphon/xml";
import { checkedTimeoutMs } from "../bounds/limits.js";
import { asCallFailure } from "../calls/call-failure.js";
import type { QueryRequest } from "./query-request.js";

export interface RequestsParts {
	readonly table: IqTable;
	/** The `from` to send with; a client's server stamps its own. */
	readonly from: () => Jid | undefined;
	readonly defaultTimeoutMs: number;
}

/** What a node asks at the level of the `iq`: everything but calls. */
export class Requests {
	readonly #parts: RequestsParts;

	constructor(parts: RequestsParts) {
		this.#parts = parts;
	}

	/** Asks any XMPP entity. @returns the payload of the result. @throws BusError */
	async query({ type, to, payload, timeoutMs: given, signal }: QueryRequest): Promise<Element | undefined> {
		const { table, from, defaultTimeoutMs } = this.#parts;
		try {
			const timeoutMs = checkedTimeoutMs(given ?? defaultTimeoutMs);
			const jid = Jid.tryParse(to);
			if (jid === undefined) throw new BusError("invalid-argument", `not a JID: ${to}`);
			const answer = await table.request({ type, to: jid, from: from(), payload, timeoutMs, signal });
			if (answer.attr("type") === "error") throw decodeFault(decodeStanzaError(answer), jid);
			return answer.child();
		} catch (thrown) {
			throw asCallFailure(thrown);
		}
	}

	/**
	 * Asks what only Antiphon domains answer.
	 * @param what says of an entity that does not know the question what it does not do, and why
	 * @throws BusError; `unimplemented` from such an entity
	 */
	async askDomain(
		type: "get" | "set",
		to: Jid,
		payload: Element,
		timeoutMs: number,
		what = `does not ${type === "set" ? "register services" : "resolve"}: it is no Antiphon domain, or not connected`,
	): Promise<Element | undefined> {
		const { table, from } = this.#parts;
		const answer = await table.request({ type, to, from: from(), payload, timeoutMs });
		if (answer.attr("type") === "result") return answer.child();
		const error = decodeStanzaError(answer);
		// What RFC 6120, section 8.4, has an entity say to a namespace that it does not know. Of one that is away, servers
		// say something else, or that it is worth waiting.
		const isForeign = error.condition === "feature-not-implemented" || error.condition === "service-unavailable";
		if (isForeign && error.type === "cancel") {
			throw new BusError("unimplemented", `${to} ${what}`);
		}
		throw decodeFault(error, to);
	}
}
