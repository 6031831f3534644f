import { callIn, callsIn, numberOf } from "@antiphon/delivery";
import {
	BusError,
	type CallKey,
	decodeCallRequest,
	decodeCallsRequest,
	decodePageRequest,
	decodeQueuesRequest,
	encodeCalls,
	encodeListedCall,
	encodeQueues,
	encodeShownCall,
	type FunctionQueue,
	MAX_FUNCTION_QUEUES,
	MAX_LISTED_CALLS,
	NS,
	pageOf,
} from "@antiphon/protocol";
import { serialize } from "@antiphon/xml";
import { handleGet } from "antiphon/modules";
import { requireAdmin } from "../host/administrators.js";
import type { DomainModule } from "../host/domain-host.js";
import { handleOrder, requireResult } from "../queueing/orders.js";
import type { QueueRunner } from "../queueing/queue-runner.js";
import { unexpected } from "../queueing/results.js";
import { listedCall, shownCall } from "../queueing/shown-calls.js";

/** Of one answer: a stanza of 64 KiB can be sent everywhere (docs/protocol.md, "Limits"). */
const MAX_BYTES = 48 * 1024;

/**
 * Administrators see how full the queue is, and what has become of which call, and cancel and retry calls (docs/protocol.md,
 * "Administration"; XEP-0059).
 */
export function keptCalls(runner: QueueRunner): DomainModule {
	return (host) => {
		const { node, domain } = host;
		node.feature(NS.queue);

		handleGet(node, { ns: NS.queue, name: "queues" }, async ({ payload, from }) => {
			requireAdmin(host, from, "see durable calls");
			runner.gate.requireOpen();
			const service = decodeQueuesRequest(payload);
			const request = decodePageRequest(payload) ?? {};
			const counts = await runner.asks.ask((ask) => ({ type: "survey", ask }), from.bare().toString());
			if (counts.is !== "surveyed") throw unexpected(counts);
			const wanted = counts.functions.filter(({ fn }) => service === undefined || fn.startsWith(`${service}.`));
			const byUid = new Map(wanted.map((each) => [`${each.fn} ${each.version}`, each]));
			const state = { ...counts, ...runner.usage(), isDurable: runner.keeps === "on disk" };
			const itemOf = (uid: string) => {
				const line = byUid.get(uid) as FunctionQueue;
				return { uid, line, bytes: Buffer.byteLength(serialize(encodeQueues({ ...state, functions: [line] }))) };
			};
			const bounds = { maxItems: MAX_FUNCTION_QUEUES, maxBytes: MAX_BYTES };
			const { items, position } = pageOf([...byUid.keys()].sort(), itemOf, request, bounds);
			return encodeQueues(
				{ ...state, functions: items.map(({ line }) => line) },
				position.count === 0 ? undefined : position,
			);
		});

		handleGet(node, { ns: NS.queue, name: "calls" }, ({ payload, from }) => {
			requireAdmin(host, from, "see durable calls");
			const filter = decodeCallsRequest(payload);
			const { max = MAX_LISTED_CALLS, after, before, index } = decodePageRequest(payload) ?? {};
			if (before !== undefined || index !== undefined || max === 0) {
				throw new BusError("invalid-argument", "calls are asked for forwards: by after, and a max of 1 or more");
			}
			const room = { count: Math.min(max, MAX_LISTED_CALLS), bytes: MAX_BYTES };
			const hasRoom = () => room.count > 0 && room.bytes > 0;
			const page = callsIn(runner.view, runner.now(), filter, after, (call) => {
				room.count--;
				room.bytes -= Buffer.byteLength(serialize(encodeListedCall(listedCall(call))));
				return hasRoom();
			});
			if (page === undefined) throw new BusError("invalid-argument", "after must be what a page of this list has said");
			return encodeCalls({ calls: page.calls.map(listedCall), next: page.next });
		});

		handleGet(node, { ns: NS.queue, name: "call" }, ({ payload, from }) => {
			requireAdmin(host, from, "see durable calls");
			const asked = decodeCallRequest(payload);
			const n = asked.n ?? numberOf(runner.view, asked.sender, asked.id);
			const call = n === undefined ? undefined : callIn(runner.view, runner.now(), n);
			if (call === undefined) throw new BusError("not-found", `${domain} keeps no call ${nameOf(asked)}`);
			return encodeShownCall(shownCall(call));
		});

		handleOrder(host, runner, {
			order: "cancel",
			what: "cancel durable calls",
			event(n, ask) {
				const call = callIn(runner.view, runner.now(), n);
				if (call === undefined) throw new BusError("not-found", `${domain} keeps no call ${n}`);
				return { type: "cancel", ask, sender: call.sender, id: call.id, expiresMs: undefined, by: "administrator" };
			},
			done(n, result) {
				if (result.is !== "settled") throw unexpected(result);
				const { code } = result.outcome;
				if (code === "cancelled") return { n };
				throw new BusError("conflict", `call ${n} has its outcome already: ${code ?? "a reply"}`);
			},
		});

		handleOrder(host, runner, {
			order: "retry",
			what: "retry durable calls",
			event: (n, ask) => ({ type: "retry", ask, n }),
			done: (n, result) => requireResult(n, result, "retried"),
		});
	};
}

const nameOf = ({ n, sender, id }: CallKey) => (n === undefined ? `${sender}/${id}` : String(n));
