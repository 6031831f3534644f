import type { OutcomeText } from "@antiphon/delivery";
import { BusError, type Encoding, Jid } from "@antiphon/protocol";
import type { Outcome } from "../calls/call-outcome.js";
import { keptElement } from "../calls/kept-element.js";
import { ENVELOPE_BYTES, outcomeText } from "../calls/outcome-text.js";
import type { CallServer } from "./call-server.js";
import { unsentReply } from "./handler-error.js";
import type { StartRun } from "./leased-runs.js";

export interface LeasedParts {
	readonly calls: CallServer;
	/** The node's own address. */
	self(): Jid;
	/** The largest stanza that can be sent, in bytes. */
	maxStanzaBytes(): number;
}

/** Runs calls that domains have leased to this node, as it runs any other. */
export function startLeased({ calls, self, maxStanzaBytes }: LeasedParts): StartRun {
	return ({ domain, service, n, sender, id, origin = id, attempt, call }, settle, left) => {
		const payload = keptElement(call.text);
		const encoding = payload.attr("enc") === "msgpack" ? "msgpack" : "json";
		const received = { from: Jid.of(service, domain), to: self(), callId: `${sender}/${origin}`, attempt, payload };
		const ended = (outcome: Outcome) => settle(reportable(outcome, encoding, maxStanzaBytes() - ENVELOPE_BYTES));
		return calls.runLeased(received, `${domain} ${n}`, ended, left);
	};
}

/** What came of a run; what cannot be reported is an error, as a reply that cannot be sent is. */
function reportable(outcome: Outcome, encoding: Encoding, maxBytes: number): OutcomeText {
	const executed = "reply" in outcome ? "yes" : outcome.error.executed;
	try {
		const text = outcomeText(outcome, encoding);
		const bytes = Buffer.byteLength(text.text);
		if (bytes <= maxBytes) return text;
		throw new BusError("too-large", `it has ${bytes} bytes; ${maxBytes} can be reported`);
	} catch (thrown) {
		return outcomeText({ error: unsentReply(BusError.from(thrown), executed) }, encoding);
	}
}
