import type { Call } from "./call-book.js";
import type { Instance, Pull } from "./instances.js";
import { leave } from "./moves.js";
import { callKey, LEASED, NOTHING } from "./queue-record.js";
import { isFit, type QueueState, type Turn } from "./queue-state.js";
import type { Shelf } from "./shelves.js";

/** Leases in one step: each is a few writes, and is to be delivered soon. */
const MAX_GRANTS = 512;
/** A call that has left so many runs silent is only given to an instance that has nothing else to lose. */
const CANARY_AFTER = 2;
/** Ends of leases that a call remembers. */
const HISTORY = 16;

/** Gives what waits to who takes it, where something has changed. */
export function schedule(state: QueueState, turn: Turn): void {
	const { touched } = state.lanes.shelves;
	const most = Math.min(MAX_GRANTS, state.limits.leases - state.leases.size);
	let left = most;
	for (const service of [...touched]) {
		if (left <= 0) break;
		left -= serve(state, turn, service, left);
		touched.delete(service);
		// The others first, the next time.
		if (left <= 0) touched.add(service);
	}
	if (touched.size > 0 && most === MAX_GRANTS) state.hasMore = true;
}

/** @returns how many were given out */
function serve(state: QueueState, turn: Turn, service: string, most: number): number {
	const { shelves } = state.lanes;
	let granted = grantReserved(state, turn, service);
	for (let before = -1; before !== granted; ) {
		before = granted;
		for (const shelf of shelves.of(service)) {
			if (granted >= most) return granted;
			if (!grantNext(state, turn, service, shelf)) continue;
			granted++;
			shelves.hasHadTurn(service, shelf);
		}
	}
	return granted;
}

/** Gives out the next call of a shelf. @returns whether there was one, and somebody who takes it */
function grantNext(state: QueueState, turn: Turn, service: string, shelf: Shelf): boolean {
	for (const lane of shelf) {
		const call = state.book.get(state.lanes.head(turn.desk, lane));
		const isAlone = isCanary(call);
		const instance = isAlone ? reserve(state, turn, service, call) : choose(state, turn, service, call);
		if (instance !== undefined) {
			shelf.hasHadTurn(lane);
			grant(state, turn, call, instance);
			return true;
		}
		// Nobody has room, whosever turn it is; or there is room, but not for this one alone.
		if (!isAlone) return false;
	}
	return false;
}

/** Who takes a call: who has had it when its lease was over, and may have its outcome; else who has the most room, in turn. */
function choose(state: QueueState, turn: Turn, service: string, { head }: Call): Instance | undefined {
	let best: { readonly instance: Instance; readonly room: number } | undefined;
	for (const instance of state.instances.pulling(service)) {
		const { pull, held } = instance;
		if (pull === undefined || instance.reservedFor !== undefined) continue;
		if (!takes(state, turn, pull, head.version) || pull.credit <= held.size) continue;
		const mayHaveIt = head.isTokenGood === true && head.holder?.inbox === "durable" && pull.inbox === "durable";
		if (mayHaveIt && head.holder?.instance === instance.instance) return instance;
		const room = (pull.credit - held.size) / pull.credit;
		if (best === undefined || room > best.room) best = { instance, room };
	}
	return best?.instance;
}

function takes(state: QueueState, { now }: Turn, pull: Pull, version: string): boolean {
	if (pull.credit === 0 || pull.pausedUntil > now.up || pull.offeredBytes >= state.limits.undeliveredBytes)
		return false;
	return isFit(state, version, pull.version);
}

function isCanary({ head }: Call): boolean {
	return head.silent >= CANARY_AFTER;
}

/** An idle instance for a call that others may have died of; or one gets nothing else from now on, until it is idle. */
function reserve(state: QueueState, turn: Turn, service: string, call: Call): Instance | undefined {
	const able = [...state.instances.pulling(service)].filter(
		({ pull }) => pull !== undefined && takes(state, turn, pull, call.head.version),
	);
	if (able.some(({ reservedFor }) => reservedFor === call.n)) return undefined;
	const free = able.filter(({ reservedFor }) => reservedFor === undefined);
	const [first] = free.sort((a, b) => a.held.size - b.held.size);
	if (first === undefined) return undefined;
	first.reservedFor = call.n;
	return first.held.size === 0 ? first : undefined;
}

/** Gives out what instances were reserved for, now that they are idle. */
function grantReserved(state: QueueState, turn: Turn, service: string): number {
	let granted = 0;
	for (const instance of [...state.instances.pulling(service)]) {
		const { reservedFor, pull, held } = instance;
		if (reservedFor === undefined || held.has(reservedFor)) continue;
		const call = state.book.lookUp(reservedFor);
		if (call?.head.state !== "waiting" || pull === undefined) instance.reservedFor = undefined;
		else if (held.size === 0 && takes(state, turn, pull, call.head.version)) {
			grant(state, turn, call, instance);
			granted++;
		}
	}
	return granted;
}

/** Leases a call that waits, and has it delivered. */
function grant(state: QueueState, turn: Turn, call: Call, to: Instance): void {
	const { head, n } = call;
	const { book, leases, limits, instances } = state;
	const { now, desk, effects } = turn;
	const pull = to.pull as Pull;
	leave(state, turn, call, "");
	const { service, instance } = to;
	const { node, session, number, inbox } = pull;
	head.state = "leased";
	head.token++;
	head.isTokenGood = true;
	head.holder = { service, instance, node, session, number, inbox };
	head.history = [...head.history, { instance, node, at: now.calendar }].slice(-HISTORY);
	desk.put(callKey(LEASED, n), NOTHING);
	book.meta.leased++;
	book.change(call);
	const { fn, version, digest = "", sender, id, delivery, token } = head;
	const text = book.text(call);
	const serial = ++pull.serial;
	pull.offered.add(serial);
	pull.offeredBytes += text.length;
	const offer = { pull, serial, bytes: text.length };
	const lease = { n, token, holder: to, fn, version, node, session, number, inbox, offer };
	leases.add(lease, now.up + limits.leaseMs);
	if (delivery === "at-least-once") leases.expectTaken(lease, now.up + limits.takenMs);
	instances.hasHadTurn(to);
	const [low = serial] = pull.offered;
	const ttlMs = Math.max(1, Math.min(head.retry?.attemptMs ?? 1, head.expires - now.calendar));
	effects.push({
		type: "deliver",
		to: node,
		service,
		instance,
		session,
		number,
		serial,
		low,
		n,
		token,
		leaseMs: limits.leaseMs,
		ttlMs,
		attempt: head.counted + 1,
		sender,
		id,
		delivery,
		call: { fn, version, text, digest },
	});
}
