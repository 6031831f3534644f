import { callIn, contentIn, type KeptCall } from "@antiphon/delivery";
import {
	BusError,
	type CallContentName,
	type ContentRequest,
	decodeContentRequest,
	encodeContent,
	NS,
} from "@antiphon/protocol";
import { handleGet, keptElement } from "antiphon/modules";
import { requireAdmin } from "../host/administrators.js";
import type { DomainModule } from "../host/domain-host.js";
import type { QueueRunner } from "../queueing/queue-runner.js";

/** What the answer adds to what it carries, at most, in bytes: as much as a delivery has for that. */
const ENVELOPE_BYTES = 2_048;

/**
 * Administrators look at what is in a call, or at what came of it, one of them at a time (docs/protocol.md, "Administration"). The
 * log says who has looked at what: this is the only way in which anybody but the caller and its provider sees that.
 */
export function callContents(runner: QueueRunner): DomainModule {
	return (host) => {
		const { node, domain } = host;
		handleGet(node, { ns: NS.queue, name: "content" }, ({ payload, from }) => {
			requireAdmin(host, from, "see what is in durable calls");
			const asked = decodeContentRequest(payload);
			const { n, of } = asked;
			const call = callIn(runner.view, runner.now(), n);
			if (call === undefined) throw new BusError("not-found", `${domain} keeps no call ${n}`);
			const text = contentIn(runner.view, n, of);
			if (text === undefined) throw new BusError("not-found", whyNone(call, asked));
			requireSize(Buffer.byteLength(text), of, node.maxStanzaBytes);
			node.log.info(`${from.bare()} has looked at the ${of} of durable call ${n}, of ${call.sender}`);
			return encodeContent({ ...asked, element: keptElement(text) });
		});
	};
}

function whyNone({ n, fn }: KeptCall, { of }: ContentRequest): string {
	if (of === "outcome") return `call ${n} has no outcome yet`;
	if (fn === undefined) return `call ${n} was cancelled before it came: there is no input`;
	return `the input of call ${n} is not kept any more: it has its outcome, and is no dead letter`;
}

function requireSize(bytes: number, of: CallContentName, maxBytes: number): void {
	if (bytes + ENVELOPE_BYTES <= maxBytes) return;
	throw new BusError("too-large", `the ${of} has ${bytes} bytes, and a stanza ${maxBytes}`);
}
