import { BusError, encodeFault, encodeStanzaError, errorOf, iq, isStanza } from "@antiphon/protocol";
import type { Element, Skipped } from "@antiphon/xml";

/** What is done in place of handing a stanza on. Neither for messages, presence, and what has no head to go by. */
export interface Instead {
	/** Goes back to whoever sent it. */
	readonly reply?: Element;
	/** Is handed on in its place. */
	readonly stanza?: Element;
}

/**
 * A stanza that the parser left out because it was over a limit. A request is answered with `policy-violation`, as a
 * server would answer that does not pass it on; of what was asked nothing is echoed. An answer becomes the error
 * `too-large`, so that whoever waits for it need not wait until its deadline.
 */
export function insteadOf({ head, limit }: Skipped): Instead {
	if (head === undefined || !isStanza(head) || head.name !== "iq") return {};
	const [id, from, to] = [head.attr("id"), head.attr("from"), head.attr("to")];
	if (id === undefined) return {};
	switch (head.attr("type")) {
		case "get":
		case "set": {
			if (from === undefined) return {};
			const text = `whom it is for does not take such a stanza (${limit})`;
			return { reply: errorOf(head, { condition: "policy-violation", type: "modify", text }) };
		}
		case "result":
		case "error": {
			const executed = head.attr("type") === "result" ? "yes" : "unknown";
			const error = new BusError("too-large", `the answer is not one that this side takes (${limit})`, { executed });
			return { stanza: iq("error", { id, from, to }, encodeStanzaError(encodeFault(error, "json"))) };
		}
		default:
			return {};
	}
}
