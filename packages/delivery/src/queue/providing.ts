import type { LeaseRef } from "../calls.js";
import type { Call } from "./call-book.js";
import type { Instance } from "./instances.js";
import type { Lease } from "./leases.js";
import { fallSilent, handBack } from "./moves.js";
import type {
	ProviderGoneEvent,
	PullEvent,
	ReleaseEvent,
	RenewEvent,
	TakenEvent,
	UndeliveredEvent,
} from "./queue-events.js";
import { answer, bareOf, type QueueState, refuse, type Turn } from "./queue-state.js";

/** For how long an instance gets nothing that has refused a delivery and not said for how long. */
const PAUSE_MS = 1_000;

/** An instance says how much it takes, and what it holds: whatever else is leased to it is not there. */
export function pull(state: QueueState, turn: Turn, event: PullEvent): void {
	const { ask, service, instance, node, session, number, credit } = event;
	const { instances, limits } = state;
	const known = instances.ensure(service, instance);
	const before = known.pull?.session === session ? known.pull : undefined;
	if (known.over.includes(session) || (before !== undefined && before.number > number)) {
		instances.tidy(known);
		refuse(turn, ask, "conflict", `${instance} of ${service} has pulled again since`, { executed: "unknown" });
		return;
	}
	// The same pull again says nothing of what has been delivered since.
	if (before?.number === number) before.credit = credit;
	else {
		instances.open(known, event);
		compare(state, turn, known, event);
	}
	state.lanes.shelves.touched.add(service);
	answer(turn, ask, { is: "pulling", leaseMs: limits.leaseMs });
	for (const ref of event.held) {
		if (leaseOf(state, ref, known, bareOf(node)) === undefined) {
			turn.effects.push({ type: "lost", to: node, service, instance, n: ref.n, token: ref.token });
		}
	}
}

export function providerGone(state: QueueState, { service, instance }: ProviderGoneEvent): void {
	const known = state.instances.get(service, instance);
	if (known !== undefined) state.instances.close(known);
}

export function taken(state: QueueState, { n, token }: TakenEvent): void {
	const lease = state.leases.get(n);
	if (lease?.token !== token) return;
	state.leases.endOffer(lease);
	state.lanes.shelves.touched.add(lease.holder.service);
}

export function undelivered(state: QueueState, turn: Turn, event: UndeliveredEvent): void {
	const lease = state.leases.get(event.n);
	if (lease?.token !== event.token || lease.offer === undefined) return;
	const { holder, offer } = lease;
	const call = state.book.get(lease.n);
	if (event.why === "unknown") {
		untaken(state, turn, call);
		return;
	}
	if (event.why === "overloaded") pause(state, turn, holder, event.retryAfterMs ?? PAUSE_MS);
	// It may have pulled since.
	else if (holder.pull === offer.pull) state.instances.close(holder);
	handBack(state, turn, call);
}

/** Nobody has said whether a delivery has arrived. Whether to wait for the lease to end is what the guarantees differ in. */
export function untaken(state: QueueState, turn: Turn, call: Call): void {
	if (call.head.delivery === "at-least-once") fallSilent(state, turn, call, "untaken");
}

export function renew(state: QueueState, turn: Turn, event: RenewEvent): void {
	const { ask, from, service, instance, items } = event;
	const { leaseMs } = state.limits;
	const known = state.instances.get(service, instance);
	const lost: LeaseRef[] = [];
	for (const { n, token } of items) {
		const lease = leaseOf(state, { n, token }, known, from);
		if (lease === undefined) lost.push({ n, token });
		else hold(state, turn, lease);
	}
	const isPulling = known?.pull !== undefined && bareOf(known.pull.node) === from;
	answer(turn, ask, { is: "renewed", leaseMs, isPulling, lost });
}

export function release(state: QueueState, turn: Turn, event: ReleaseEvent): void {
	const { ask, from, n, token, executed, retryAfterMs, afterMs } = event;
	const call = state.book.lookUp(n);
	if (call !== undefined && isLast(call, token, from)) {
		const lease = state.leases.get(n);
		if (lease === undefined) {
			// It is over already, and was counted: its outcome will not come any more.
			call.head.isTokenGood = false;
			state.book.change(call);
		} else {
			if (retryAfterMs !== undefined) pause(state, turn, lease.holder, retryAfterMs);
			if (executed === "no") handBack(state, turn, call, afterMs);
			else fallSilent(state, turn, call, "died");
		}
	}
	answer(turn, ask, { is: "released" });
}

/** Whether what this account says with this token counts. */
export function isLast(call: Call, token: number, from: string): boolean {
	return call.head.isTokenGood === true && call.head.token === token && isHolder(call, from);
}

/** Whether this account has had the last lease. */
export function isHolder({ head }: Call, from: string): boolean {
	return bareOf(head.holder?.node ?? "") === from;
}

/** What is not named is not there, if it was given to this process, or to one whose inbox this one has. */
function compare(
	state: QueueState,
	turn: Turn,
	known: Instance,
	{ node, session, number, inbox, held }: PullEvent,
): void {
	const named = new Map(held.map(({ n, token }) => [n, token]));
	for (const n of [...known.held]) {
		const lease = state.leases.get(n) as Lease;
		if (bareOf(lease.node) !== bareOf(node)) continue;
		if (named.get(n) === lease.token) {
			lease.node = node;
			hold(state, turn, lease);
			continue;
		}
		const call = state.book.get(n);
		if (lease.session === session) {
			if (lease.number >= number) continue;
			if (lease.offer !== undefined) handBack(state, turn, call);
			else fallSilent(state, turn, call, "died");
		} else if (lease.inbox === "durable" && inbox === "durable") {
			// Also of what nobody has acknowledged: that process may have died between the run and the acknowledgement.
			fallSilent(state, turn, call, "died");
		}
	}
}

/** It has the call: its lease begins anew. */
function hold(state: QueueState, { now }: Turn, lease: Lease): void {
	// Whose acknowledgement was lost: there is room for what waits for that, too.
	if (lease.offer !== undefined) state.lanes.shelves.touched.add(lease.holder.service);
	state.leases.endOffer(lease);
	state.leases.renew(lease, now.up + state.limits.leaseMs);
}

function leaseOf(
	state: QueueState,
	{ n, token }: LeaseRef,
	holder: Instance | undefined,
	from: string,
): Lease | undefined {
	const lease = state.leases.get(n);
	const isIts = lease?.token === token && lease.holder === holder && bareOf(lease.node) === from;
	return isIts ? lease : undefined;
}

function pause(state: QueueState, { now }: Turn, { pull, service, instance }: Instance, forMs: number): void {
	if (pull === undefined) return;
	pull.pausedUntil = Math.max(pull.pausedUntil, now.up + Math.ceil(forMs));
	state.pauses.set(`${service}/${instance}`, pull.pausedUntil);
}
