import type { Submission } from "@antiphon/delivery";
import { BusError, callDigest, type Jid, type ReadSubmission } from "@antiphon/protocol";
import { serialize } from "@antiphon/xml";
import type { DomainHost } from "../host/domain-host.js";
import type { DurableFunctions } from "./durable-functions.js";
import { retryOf } from "./retry.js";
import { requireAddress, requireDeliverable } from "./sizes.js";

/** A call as the queue takes it. @throws BusError with why it is refused, executed no */
export function submissionOf(
	host: DomainHost,
	functions: DurableFunctions,
	{ from, to }: { readonly from: Jid; readonly to: Jid },
	asked: ReadSubmission,
): Submission {
	requireAddress(from, "no");
	const { head, call, id, delivery, afterMs, expiresMs, orderKey } = asked;
	const [service = "", fn = ""] = head.fn.toLowerCase().split(".");
	if (service !== to.local) {
		throw new BusError("invalid-argument", `calls of ${head.fn} are submitted to ${service}@${host.domain}`);
	}
	const found = functions.find(service, fn, head.version);
	const name = found instanceof BusError ? fn : found.name;
	// Whom policy keeps out does not learn what there is.
	if (!host.policy.mayCall(from, service, name)) host.deny(`${from.bare()} may not call ${service}.${name}`);
	if (found instanceof BusError) throw found;
	const text = serialize(head.version === undefined ? call.with({ v: found.version }) : call);
	requireDeliverable(text, host.node.maxStanzaBytes);
	return {
		id,
		call: { fn: `${service}.${name}`, version: found.version, text, digest: callDigest(call, head) },
		delivery,
		afterMs,
		expiresMs,
		orderKey,
		retry: retryOf(found.retry, asked),
	};
}
