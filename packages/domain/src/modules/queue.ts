import type { ServiceDescription } from "@antiphon/contract";
import { numberOf, type QueueResult, UNKNOWN_CALL } from "@antiphon/delivery";
import {
	type AcceptedItem,
	BusError,
	type CallName,
	type CallState,
	decodeAwait,
	decodeCancel,
	decodeSubmit,
	encodeAccepted,
	encodeStates,
	type Item,
	type Jid,
	MAX_BATCH_BYTES,
	NS,
} from "@antiphon/protocol";
import { serialize } from "@antiphon/xml";
import { errorOfRefusal, handleGet, handleSet, outcomeFrom } from "antiphon/modules";
import type { DomainModule } from "../host/domain-host.js";
import { DurableFunctions } from "../queueing/durable-functions.js";
import { durableIn } from "../queueing/functions-known.js";
import type { QueueRunner } from "../queueing/queue-runner.js";
import { unexpected } from "../queueing/results.js";
import { requireAddress } from "../queueing/sizes.js";
import { submissionOf } from "../queueing/submissions.js";

/**
 * Callers submit calls, ask what has become of them and cancel them (docs/protocol.md, "Durable calls"). Who they are their
 * server attests: a call is known by the bare JID of its sender and its id.
 */
export function queue(runner: QueueRunner): DomainModule {
	return (host) => {
		const { node, registry, policy } = host;
		node.feature(NS.delivery);
		const functions = new DurableFunctions(host, runner.view);
		/** By service, while it has instances: what the queue has been told. */
		const told = new Map<string, readonly ServiceDescription[]>();
		const mayCall = (from: Jid, to: Jid) => policy.maySee(from, to.local ?? "");
		/**
		 * Who may call nothing here has nothing on its way, but may have calls of before: those it hears of, and can cancel. Ids that
		 * it makes up take no room, neither on disk nor among what the queue is being asked. @throws BusError `not-found`
		 */
		const requireOwn = (sender: string, id: string) => {
			if (numberOf(runner.view, sender, id) === undefined) throw errorOfRefusal(UNKNOWN_CALL);
		};
		let isWarned = runner.keeps === "on disk";
		const warn = (service: string) => {
			isWarned = true;
			node.log.warn(
				`calls of ${service} are to be kept, and are kept in memory: they are lost with this process. Give the domain a store on disk`,
			);
		};
		host.onChange((service) => {
			const newest = registry.contracts.newest(service);
			if (newest.length === 0) told.delete(service);
			else if (told.get(service) !== newest) {
				told.set(service, newest);
				const durable = newest.map(durableIn);
				for (const each of durable) runner.tell({ type: "know", ...each });
				if (!isWarned && durable.some(({ functions }) => functions.length > 0)) warn(service);
			}
		});

		handleSet(node, { ns: NS.delivery, name: "submit" }, async (incoming) => {
			runner.gate.requireGiving();
			const { from } = incoming;
			const sender = senderOf(from);
			let { keepMs } = runner;
			const items = await Promise.all(
				decodeSubmit(incoming.payload).map((item) =>
					answered<AcceptedItem>(item, async () => {
						const asked = readable(item);
						const submission = submissionOf(host, functions, incoming, asked);
						const notify = asked.notify ? from.toString() : undefined;
						const result = await runner.asks.ask(
							(ask) => ({ type: "submit", ask, sender, notify, submission }),
							sender,
						);
						if (result.is !== "accepted" && result.is !== "known") throw unexpected(result);
						// One that was accepted under a shorter promise has that: it holds for all of them.
						if (result.is === "known") keepMs = Math.min(keepMs, result.keepMs ?? keepMs);
						return { id: asked.id, state: result.is };
					}),
				),
			);
			return encodeAccepted({ keepMs, items });
		});

		handleGet(node, { ns: NS.delivery, name: "await" }, async ({ payload, from, to }) => {
			runner.gate.requireOpen();
			const sender = senderOf(from);
			const isCaller = mayCall(from, to);
			const { calls, notify: isToBeTold } = decodeAwait(payload);
			const notify = isToBeTold ? from.toString() : undefined;
			const states = calls.map((call) =>
				answered<CallState>(call, async () => {
					const { id } = call;
					requireAddress(from, "unknown");
					if (!isCaller) requireOwn(sender, id);
					return stateOf(call, await runner.asks.ask((ask) => ({ type: "await", ask, sender, id, notify }), sender));
				}),
			);
			return encodeStates(fitting(await Promise.all(states)));
		});

		handleSet(node, { ns: NS.delivery, name: "cancel" }, async ({ payload, from, to }) => {
			runner.gate.requireOpen();
			const sender = senderOf(from);
			const isCaller = mayCall(from, to);
			const states = decodeCancel(payload).map((item) =>
				answered<CallState>(item, async () => {
					const asked = readable(item);
					const { id } = asked;
					requireAddress(from, "unknown");
					if (!isCaller) requireOwn(sender, id);
					const expiresMs = isCaller ? asked.expiresMs : undefined;
					const result = await runner.asks.ask((ask) => ({ type: "cancel", ask, sender, id, expiresMs }), sender);
					return stateOf(item, result);
				}),
			);
			return encodeStates(fitting(await Promise.all(states)));
		});
	};
}

const senderOf = (from: Jid) => from.bare().toString();

/** @throws BusError: what is wrong with an item */
function readable<T extends CallName>(item: Item<CallName, T>): T {
	if (item.error !== undefined) throw item.error;
	return item;
}

/** An item that is refused touches none of its neighbours. */
async function answered<Answer>(
	{ id }: CallName,
	answer: () => Promise<Answer>,
): Promise<Answer | (CallName & { readonly error: BusError })> {
	try {
		return await answer();
	} catch (thrown) {
		return { id, error: BusError.from(thrown) };
	}
}

/** @throws BusError when it was refused */
function stateOf({ id }: CallName, result: QueueResult): CallState {
	if (result.is === "state") return { id, state: result.state, attempts: result.attempts };
	if (result.is !== "settled") throw unexpected(result);
	const { attempts, outcome, isUnknown } = result;
	return { id, state: "settled", attempts, outcome: outcomeFrom(outcome), ...(isUnknown && { isUnknown }) };
}

/** Outcomes as far as they fit: asked for alone, each does. */
function fitting(states: readonly CallState[]): CallState[] {
	let bytes = 0;
	return states.map((each) => {
		if (each.error !== undefined || each.state !== "settled" || each.outcome === undefined) return each;
		// As it is sent: escapes can make six characters of one. What is behind the first that does not fit is not looked at.
		if (bytes <= MAX_BATCH_BYTES) bytes += Buffer.byteLength(serialize(each.outcome.element));
		return states.length === 1 || bytes <= MAX_BATCH_BYTES ? each : { ...each, outcome: undefined };
	});
}
