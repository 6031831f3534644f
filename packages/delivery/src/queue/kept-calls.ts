import type { DurableDelivery, OutcomeText } from "../calls.js";
import { endOf, NUMBER_LENGTH, numberIn } from "../journal/binary.js";
import type { Key, View } from "../journal/journal.js";
import type { JournalTime } from "../journal/journal-time.js";
import { attemptsOf } from "./moves.js";
import type { OpenState } from "./queue-events.js";
import {
	BACK_OFFS,
	callKey,
	DEAD,
	decodeHead,
	decodeNumber,
	decodeOutcome,
	EXPIRIES,
	HEADS,
	type Head,
	idKey,
	KEPT,
	LEASED,
	nIn,
	OUTCOMES,
	timeKey,
} from "./queue-record.js";

/**
 * Which calls are wanted. Each list has an order of its own: `open` that in which its calls expire, and so have those of one open
 * state; `settled` that in which they are forgotten; `leased` and `dead` that of acceptance.
 */
export type CallList = "open" | OpenState | "settled" | "dead";

export interface CallFilter {
	readonly list: CallList;
	/** `service.function` */
	readonly fn?: string | undefined;
	/** Bare JID. */
	readonly sender?: string | undefined;
}

/** What a queue has of a call. Durations in milliseconds. */
export interface KeptCall {
	readonly n: number;
	readonly sender: string;
	readonly id: string;
	/** `service.function`, and its version; `undefined`: it was cancelled before it came. */
	readonly fn: string | undefined;
	readonly version: string | undefined;
	readonly delivery: DurableDelivery;
	readonly orderKey: string | undefined;
	readonly state: OpenState | "settled";
	readonly isDead: boolean;
	/** Runs that count, with the one that is under way. */
	readonly attempts: number;
	readonly maxAttempts: number | undefined;
	/** How long ago it was accepted. */
	readonly acceptedMs: number;
	/** Until it is given up; `undefined`: it is settled. */
	readonly expiresMs: number | undefined;
	/** Until it may be leased; `undefined`: it is not delayed. */
	readonly dueMs: number | undefined;
	/** How long ago it was settled. */
	readonly settledMs: number | undefined;
	readonly outcome: OutcomeText | undefined;
	/** The newest, in order. */
	readonly leases: readonly KeptLease[];
	/** Of a redriven call: the dead letter that it was made of, and the id by which its handlers know it. */
	readonly redriveOf: { readonly n: number; readonly origin: string } | undefined;
	/** Of a dead letter that was redriven: what it has become, and how long ago. */
	readonly redriven: { readonly n: number; readonly id: string; readonly agoMs: number } | undefined;
}

/** A lease of a call, and what became of it. */
export interface KeptLease {
	readonly instance: string;
	/** Full JID. */
	readonly node: string;
	/** Since the call was accepted. */
	readonly atMs: number;
	/** Of the lease; `undefined`: it lasts. */
	readonly tookMs: number | undefined;
	/** `back`: handed back without a run; `over`, `died`, `untaken`: nothing was heard; otherwise the outcome's code, or `reply`. */
	readonly how: string | undefined;
	/** What the error said with which it ended. */
	readonly message: string | undefined;
}

export interface CallPage {
	readonly calls: readonly KeptCall[];
	/** What the next page begins behind; `undefined`: this one is the last. */
	readonly next: string | undefined;
}

/** Calls that are looked at for one page, whether they are wanted or not: the rest of the list is for the next page. */
const LOOKED_AT = 256;
/** Characters of outcomes that are read for one page; the call with which there are more is its last. */
const OUTCOME_CHARS = 2 ** 20;

const CURSOR = /^(\d{1,16})(?:-(\d{1,16}))?$/;

/**
 * A page of the calls that are on disk. What it costs does not grow with how many there are: where few of many are wanted a page
 * may have none, and still a next one.
 * @param after the `next` of the page before
 * @param hasRoom whether there is room for another call behind this one
 * @returns `undefined` for an `after` that is none
 * @throws StoreError `failed` for a damaged record
 */
export function callsIn(
	view: View,
	now: JournalTime,
	filter: CallFilter,
	after: string | undefined,
	hasRoom: (call: KeptCall) => boolean,
): CallPage | undefined {
	const index = indexOf(filter.list);
	const from = after === undefined ? index : keyBehind(index, after);
	if (from === undefined) return undefined;
	const keys = view.keys(from, endOf(index), LOOKED_AT + 1);
	const calls: KeptCall[] = [];
	let chars = 0;
	let isFull = false;
	let last: Key | undefined;
	for (const key of keys.slice(0, LOOKED_AT)) {
		if (isFull) break;
		last = key;
		const head = headIn(view, nIn(key));
		if (head === undefined || !isWanted(head, filter)) continue;
		const call = keptCall(view, now, nIn(key), head);
		calls.push(call);
		chars += call.outcome?.text.length ?? 0;
		isFull = !hasRoom(call) || chars >= OUTCOME_CHARS;
	}
	return { calls, next: last === undefined || last === keys.at(-1) ? undefined : cursorOf(last) };
}

/** The call of a number. @throws StoreError `failed` for a damaged record */
export function callIn(view: View, now: JournalTime, n: number): KeptCall | undefined {
	const head = Number.isSafeInteger(n) && n >= 1 ? headIn(view, n) : undefined;
	return head && keptCall(view, now, n, head);
}

/** The number of the call that its sender knows by this id. @throws StoreError `failed` for a damaged record */
export function numberOf(view: View, sender: string, id: string): number | undefined {
	const key = idKey(sender, id);
	const body = view.get(key);
	return body === undefined ? undefined : decodeNumber(key, body);
}

function headIn(view: View, n: number): Head | undefined {
	const key = callKey(HEADS, n);
	const body = view.get(key);
	return body === undefined ? undefined : decodeHead(key, body);
}

function keptCall(view: View, now: JournalTime, n: number, head: Head): KeptCall {
	const { sender, id, fn, version, delivery, order, state, accepted, expires, due, settledAt, history } = head;
	const { origin, redriveOf, again } = head;
	const outcomeKey = callKey(OUTCOMES, n);
	const outcome = state === "settled" ? view.get(outcomeKey) : undefined;
	return {
		n,
		sender,
		id,
		fn: fn === "" ? undefined : fn,
		version: fn === "" ? undefined : version,
		delivery,
		orderKey: order,
		state,
		isDead: head.isDead === true,
		attempts: attemptsOf({ n, head }),
		maxAttempts: head.retry?.attempts,
		acceptedMs: Math.max(0, now.calendar - accepted),
		expiresMs: state === "settled" ? undefined : Math.max(0, expires - now.calendar),
		dueMs: due && Math.max(0, due.at - (due.kind === BACK_OFFS ? now.up : now.calendar)),
		settledMs: settledAt === undefined ? undefined : Math.max(0, now.calendar - settledAt),
		outcome: outcome && decodeOutcome(outcomeKey, outcome),
		leases: history.map(({ instance, node, at, ended, how, message }) => ({
			instance,
			node,
			atMs: Math.max(0, at - accepted),
			tookMs: ended === undefined ? undefined : Math.max(0, ended - at),
			how,
			message,
		})),
		redriveOf: redriveOf === undefined || origin === undefined ? undefined : { n: redriveOf, origin },
		redriven: again && { n: again.n, id: again.id, agoMs: Math.max(0, now.calendar - again.at) },
	};
}

function isWanted(head: Head, { list, fn, sender }: CallFilter): boolean {
	const isOpen = head.state !== "settled";
	const isListed = list === "open" ? isOpen : list === "dead" ? head.isDead === true : head.state === list;
	if (!isListed || (sender !== undefined && head.sender !== sender)) return false;
	return fn === undefined || head.fn.toLowerCase() === fn.toLowerCase();
}

/** Where the calls of a list stand, and maybe others. */
function indexOf(list: CallList): Key {
	if (list === "leased") return LEASED;
	if (list === "dead") return DEAD;
	return list === "settled" ? KEPT : EXPIRIES;
}

/** The place of a key in its index, in digits: of a call, and before that of a time where the index has one. */
function cursorOf(key: Key): string {
	const n = nIn(key);
	return key.length === 1 + NUMBER_LENGTH ? String(n) : `${numberIn(key, 1)}-${n}`;
}

function keyBehind(index: Key, cursor: string): Key | undefined {
	const [, first, second] = CURSOR.exec(cursor) ?? [];
	const numbers = [first, second].filter((text) => text !== undefined).map(Number);
	const hasTime = index === EXPIRIES || index === KEPT;
	if (numbers.length !== (hasTime ? 2 : 1) || !numbers.every((number) => Number.isSafeInteger(number)))
		return undefined;
	const [a = 0, b = 0] = numbers;
	return `${hasTime ? timeKey(index, a, b) : callKey(index, a)}\0`;
}
