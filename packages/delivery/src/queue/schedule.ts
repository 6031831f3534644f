import type { Call } from "./call-book.js";
import type { Instance, Pull } from "./instances.js";
import type { Lane } from "./lane.js";
import { leave } from "./moves.js";
import { callKey, LEASED, NOTHING } from "./queue-record.js";
import { isFit, type QueueState, type Turn } from "./queue-state.js";
import { Shelf } from "./shelf.js";

/** Leases in one step: each is a few writes, and is to be delivered soon. */
const MAX_GRANTS = 512;
/** A call that has left so many runs silent is only given to an instance that has nothing else to lose. */
const CANARY_AFTER = 2;
/** Ends of leases that a call remembers. */
const HISTORY = 16;

/** Gives what waits to who takes it, where something has changed. */
export function schedule(state: QueueState, turn: Turn): void {
	const { touched } = state.lanes.shelves;
	const atOnce = state.pace.of(MAX_GRANTS);
	const most = Math.min(atOnce, state.limits.leases - state.leases.size);
	let left = most;
	for (const service of [...touched]) {
		if (left <= 0) break;
		left -= serve(state, turn, service, left);
		touched.delete(service);
		// The others first, the next time.
		if (left <= 0) touched.add(service);
	}
	if (touched.size > 0 && most === atOnce) state.hasMore = true;
}

/** @returns how many were given out */
function serve(state: QueueState, turn: Turn, service: string, most: number): number {
	let granted = grantReserved(state, turn, service);
	const shelves = state.lanes.shelves.of(service);
	while (granted < most) {
		const [first] = shelves.sort(Shelf.inTurn);
		if (first === undefined) break;
		if (grantNext(state, turn, service, first)) granted++;
		// Nothing of it can be given out in this step: there will not be more room.
		else shelves.shift();
	}
	return granted;
}

/** Gives out the next call of a shelf. @returns whether there was one, and somebody who takes it */
function grantNext(state: QueueState, turn: Turn, service: string, shelf: Shelf): boolean {
	const { shelves } = state.lanes;
	const passed: Lane[] = [];
	let best = roomiest(state, turn, service, shelf);
	for (const lane of shelf) {
		// Whosever turn it is; what would be given out is not read then.
		if (best === undefined) return false;
		const call = state.book.get(state.lanes.head(turn.desk, lane));
		const isAlone = isCanary(call);
		const to = isAlone ? reserve(state, turn, service, shelf, call) : (formerHolder(state, turn, shelf, call) ?? best);
		if (to !== undefined) {
			for (const each of [...passed, lane]) shelves.hasHadTurn(each);
			grant(state, turn, call, to);
			return true;
		}
		// An instance is reserved for it: that was its turn. There may be room for others elsewhere.
		passed.push(lane);
		best = roomiest(state, turn, service, shelf);
	}
	return false;
}

/** Who has the most room for calls of a shelf; of several the one whose turn it is. */
function roomiest(state: QueueState, turn: Turn, service: string, shelf: Shelf): Instance | undefined {
	let best: { readonly instance: Instance; readonly room: number } | undefined;
	for (const instance of state.instances.pulling(service)) {
		const room = roomOf(state, turn, shelf, instance);
		if (room > (best?.room ?? 0)) best = { instance, room };
	}
	return best?.instance;
}

/** Who has had a call when its lease was over, and may have its outcome. */
function formerHolder(state: QueueState, turn: Turn, shelf: Shelf, { head }: Call): Instance | undefined {
	const { isTokenGood, holder } = head;
	if (isTokenGood !== true || holder?.inbox !== "durable") return undefined;
	const known = state.instances.get(holder.service, holder.instance);
	return known?.pull?.inbox === "durable" && roomOf(state, turn, shelf, known) > 0 ? known : undefined;
}

/** Which part of its credit an instance has left for calls of a shelf. */
function roomOf(state: QueueState, turn: Turn, { servedBy }: Shelf, { pull, held, reservedFor }: Instance): number {
	if (pull === undefined || reservedFor !== undefined || !servedBy.has(pull.version)) return 0;
	return takesAny(state, turn, pull) ? Math.max(0, (pull.credit - held.size) / pull.credit) : 0;
}

/** Whether it takes calls now, or would if it had not enough. */
function takesAny({ limits }: QueueState, { now }: Turn, pull: Pull): boolean {
	return pull.credit > 0 && pull.pausedUntil <= now.up && pull.offeredBytes < limits.undeliveredBytes;
}

/** Whether whoever has it is to have nothing else. */
export function isCanary({ head }: Pick<Call, "head">): boolean {
	return head.silent >= CANARY_AFTER;
}

/** An idle instance for a call that others may have died of; or one gets nothing else from now on, until it is idle. */
function reserve(
	state: QueueState,
	turn: Turn,
	service: string,
	{ servedBy }: Shelf,
	call: Call,
): Instance | undefined {
	const able = [...state.instances.pulling(service)].filter(
		({ pull }) => pull !== undefined && servedBy.has(pull.version) && takesAny(state, turn, pull),
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
		else if (held.size === 0 && takesAny(state, turn, pull) && isFit(state, call.head.version, pull.version)) {
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
	const { fn, version, digest = "", sender, id, delivery, origin, token } = head;
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
		origin,
		call: { fn, version, text, digest },
	});
}
