import type { IqRequest } from "@antiphon/link";
import { BusError, decodeStanzaError, type Jid, NS } from "@antiphon/protocol";
import { type Element, xml } from "@antiphon/xml";

/** The child element that a question for a call is known by. */
export const RUNNING = { ns: NS.rpc, name: "running" } as const;
/** How long a provider has to say whether a call still runs, in milliseconds. */
const TIMEOUT_MS = 3_000;

export interface SentCall {
	/** Of its `iq`. */
	readonly id: string;
	/** Where it went. */
	readonly to: Jid;
	/** What it was sent from; a client's server stamps its own. */
	readonly from: Jid | undefined;
}

/**
 * Asks a provider whether it still has a call (docs/protocol.md, "Cancellation"). Never rejects: who is away, hangs or does
 * not know the question counts as one that has not. One that has too much to do to answer may have it, and so may one
 * that could not be asked.
 */
export async function isRunning(ask: (request: IqRequest) => Promise<Element>, call: SentCall): Promise<boolean> {
	const { id, to, from } = call;
	const payload = xml(RUNNING.name, RUNNING.ns, { id });
	try {
		const answer = await ask({ type: "get", to, from, payload, timeoutMs: TIMEOUT_MS });
		return answer.attr("type") === "result" || decodeStanzaError(answer).condition === "resource-constraint";
	} catch (error) {
		if (error instanceof BusError) return error.code === "overloaded";
		throw error;
	}
}
