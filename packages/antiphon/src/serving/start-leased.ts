import { Jid } from "@antiphon/protocol";
import { parseElement } from "@antiphon/xml";
import type { CallServer } from "./call-server.js";
import type { StartRun } from "./leased-runs.js";

/** Runs calls that domains have leased to this node, as it runs any other. */
export function startLeased(calls: CallServer, self: () => Jid): StartRun {
	return ({ domain, service, n, sender, id, attempt, call }, settle, left) => {
		const payload = parseElement(call.text);
		const encoding = payload.attr("enc") === "msgpack" ? "msgpack" : "json";
		const received = { from: Jid.of(service, domain), to: self(), callId: `${sender}/${id}`, attempt, payload };
		return calls.runLeased(received, `${domain} ${n}`, (outcome) => settle({ outcome, encoding }), left);
	};
}
