import { backOffMs } from "../engine/back-off.js";
import { type KeptCall, partsOf } from "./call-table.js";
import { MAX_EXPIRES_MS } from "./outbox-limits.js";
import type { Asking, OutboxState, Turn } from "./outbox-state.js";

/** How often a domain is asked about a call that it has accepted: it tells the outcome, but forgets whom when it starts anew. */
const POLL = { firstMs: 60_000, maxMs: 600_000 };
/** The same while somebody waits for it here. */
const WAITED_FOR_POLL = { firstMs: 4_000, maxMs: 60_000 };
/** Which of these pauses is right for a call of another process, of which nothing else is known. */
const STRANGER_POLLS = 3;
/** What a request without a call in it takes. */
const SMALL = 256;

/** Asks domains what there is time and room to ask. */
export function ask(state: OutboxState, { now, desk, effects }: Turn): void {
	const { exchange, table, asking } = state;
	for (const { key, request } of exchange.take(now.up)) {
		const call = table.get(key);
		const { to, id } = partsOf(key);
		const next = nextAsking(state, key, call);
		asking.set(key, next);
		if (next === "await") effects.push({ type: "await", request, to, id });
		else if (call === undefined || next === "cancel") {
			const expiresMs = call === undefined ? MAX_EXPIRES_MS : Math.max(0, call.head.expires - now.calendar);
			effects.push({ type: "cancel", request, to, id, fn: call?.head.fn, expiresMs });
		} else {
			call.mightHaveBeenThere = call.mayBeThere;
			call.mayBeThere = true;
			effects.push({ type: "submit", request, to, submission: table.submission(desk, call, now) });
		}
	}
}

function nextAsking({ waiters }: OutboxState, key: string, call: KeptCall | undefined): Asking {
	if (call === undefined) return waiters.has(key, "cancel") ? "cancel" : "await";
	if (call.head.isCancelled) return "cancel";
	return call.head.state === "kept" ? "submit" : "await";
}

/** An open call is asked about as soon as may be, unless another one has to be accepted first. */
export function askAbout({ exchange, table }: OutboxState, call: KeptCall): void {
	const { key, head } = call;
	// It may have been asked about before it was kept.
	if (head.state === "kept") exchange.delete(key);
	if (head.state === "kept" && !head.isCancelled && !table.isNext(call)) return;
	exchange.put(key, head.to, head.state === "kept" ? head.size + SMALL : SMALL);
}

/** A call of another process is asked about as soon as may be. */
export function askAboutStranger({ exchange }: OutboxState, key: string): void {
	exchange.put(key, partsOf(key).to, SMALL);
}

/** An accepted call is asked about again after a while, the longer the more often it was. */
export function poll({ exchange, waiters }: OutboxState, { now }: Turn, call: KeptCall): void {
	call.polls++;
	const pause = waiters.has(call.key, "wait") ? WAITED_FOR_POLL : POLL;
	exchange.later(call.key, now.up + backOffMs(pause, call.polls, call.key));
}

/** Somebody waits for an accepted call from now on. */
export function pollSooner({ exchange }: OutboxState, { now }: Turn, call: KeptCall): void {
	call.polls = 0;
	exchange.sooner(call.key, now.up + backOffMs(WAITED_FOR_POLL, 1, call.key));
}

export function pollStranger({ exchange }: OutboxState, { now }: Turn, key: string): void {
	exchange.later(key, now.up + backOffMs(WAITED_FOR_POLL, STRANGER_POLLS, key));
}

/** It is not asked about any more. */
export function leave({ exchange, asking }: OutboxState, key: string): void {
	exchange.delete(key);
	asking.delete(key);
}
