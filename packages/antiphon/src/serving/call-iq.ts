import { BusError, type Encoding, encodeFault, errorOf, NS, parseEncoding, resultOf } from "@antiphon/protocol";
import type { Element } from "@antiphon/xml";
import type { Outcome } from "../calls/call-outcome.js";
import { CANCEL } from "../calls/cancel.js";
import { RUNNING } from "../calls/running.js";
import { handleGet } from "../host/handle-iq.js";
import type { NodeModule } from "../host/node-host.js";
import type { CallServer } from "./call-server.js";
import { unsentReply } from "./handler-error.js";

const CALL = { ns: NS.rpc, name: "call" } as const;
const KINDS = [
	["iq-get", "get"],
	["iq-set", "set"],
] as const;

/** Calls that come each in an `iq` of its own, their cancellation, and whether they still run (docs/protocol.md, "Calling a function"). */
export function callsByIq(calls: CallServer): NodeModule {
	return (host) => {
		host.feature(NS.rpc);
		for (const [stanzaKind, kind] of KINDS) {
			host.handle(stanzaKind, CALL, ({ stanza, payload, from, to }) => {
				calls.take({ from, to, callId: stanza.attr("id") ?? "", kind, payload }, (outcome) => {
					const executed = "reply" in outcome ? "yes" : outcome.error.executed;
					const instead = (error: BusError) => answerOf(stanza, { error: unsentReply(error, executed) });
					host.send(answerOf(stanza, outcome), instead);
				});
			});
		}
		handleGet(host, RUNNING, ({ from, payload }) => {
			if (calls.isRunning(from, payload.attr("id") ?? "")) return undefined;
			throw new BusError("not-found", "you have no call with this id here: it has ended, or never arrived");
		});
		host.handle("message", CANCEL, ({ from, payload }) => calls.cancel(from, payload.attr("id") ?? ""));
	};
}

/** The one place where an outcome becomes a stanza. */
function answerOf(request: Element, outcome: Outcome): Element {
	if ("reply" in outcome) return resultOf(request, outcome.reply);
	return errorOf(request, encodeFault(outcome.error, encodingOf(request.child())));
}

/** A caller can read what it wrote itself; JSON where it did not say what that is. */
function encodingOf(call: Element | undefined): Encoding {
	try {
		return parseEncoding(call?.attr("enc"));
	} catch {
		return "json";
	}
}
