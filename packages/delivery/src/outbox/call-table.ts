import type { OutcomeText, Submission } from "../calls.js";
import { ByAge } from "../engine/by-age.js";
import type { Desk } from "../engine/core.js";
import { Timetable } from "../engine/timetable.js";
import { endOf, numberKey } from "../journal/binary.js";
import { StoreError, type View } from "../journal/journal.js";
import type { JournalTime } from "../journal/journal-time.js";
import { GIVE_UP_MS, type OutboxLimits } from "./outbox-limits.js";
import {
	type CallHead,
	callKey,
	decodeHead,
	decodeSettled,
	decodeText,
	encodeHead,
	encodeSettled,
	encodeText,
	HEADS,
	noIn,
	OUTCOMES,
	type SettledAs,
	TEXTS,
} from "./outbox-record.js";

/** A call, and what is known of it in this process only. */
export interface KeptCall {
	readonly key: string;
	readonly no: number;
	head: CallHead;
	/** Whether the domain may have it: a submit has gone out, or may have before a restart. */
	mayBeThere: boolean;
	/** The same before the submit that is in flight. */
	mightHaveBeenThere: boolean;
	/** How often the domain was asked about it. */
	polls: number;
}

/** At most so many are forgotten in a step. */
const FORGOTTEN_AT_ONCE = 256;

/** The calls of an outbox, in memory and in its journal; the changes that a call can go through. */
export class CallTable {
	readonly #limits: OutboxLimits;
	readonly #calls = new Map<string, KeptCall>();
	/** Calls that run one after the other and are not accepted yet: the first of each is submitted. */
	readonly #chains = new Map<string, Set<KeptCall>>();
	/** By `calendar`. */
	readonly #expiry = new Timetable();
	readonly #settled = new ByAge<KeptCall>();
	#nextNo = 0;
	#kept = 0;
	#keptBytes = 0;
	#settledBytes = 0;

	constructor(limits: OutboxLimits) {
		this.#limits = limits;
	}

	get(key: string): KeptCall | undefined {
		return this.#calls.get(key);
	}

	/** Of calls with this id, which may be several services' own. Looks at all calls: for what people ask. */
	addressesOf(id: string): string[] {
		return [...this.#calls.keys()].flatMap((key) => (partsOf(key).id === id ? [partsOf(key).to] : []));
	}

	/** Those that have no outcome, in the order in which they were kept. */
	open(): KeptCall[] {
		return [...this.#calls.values()].filter(({ head }) => head.state !== "settled");
	}

	hasRoom(size: number): boolean {
		const { maxKept, maxKeptBytes, maxOpen } = this.#limits;
		const open = this.#calls.size - this.#settled.size;
		return this.#kept < maxKept && this.#keptBytes + size <= maxKeptBytes && open < maxOpen;
	}

	keep(desk: Desk, to: string, submission: Submission, now: JournalTime): KeptCall {
		const { id, call, delivery, orderKey, retry, afterMs, expiresMs } = submission;
		const { fn, version, digest, text } = call;
		const head: CallHead = {
			...{ to, id, fn, version, digest, delivery, orderKey, retry },
			notBefore: now.calendar + afterMs,
			expires: now.calendar + expiresMs,
			size: Buffer.byteLength(text),
			state: "kept",
		};
		const kept = callOf(this.#nextNo++, head, false);
		desk.put(callKey(TEXTS, kept.no), encodeText(text));
		desk.put(callKey(HEADS, kept.no), encodeHead(head));
		this.#insert(kept);
		return kept;
	}

	/** Whether no other call has to be accepted before this one. */
	isNext(call: KeptCall): boolean {
		const [first] = this.#chains.get(chainOf(call.head) ?? "") ?? [call];
		return first === call;
	}

	/** @returns the call that could not be submitted before, if there is one */
	accept(desk: Desk, call: KeptCall): KeptCall | undefined {
		return this.#change(desk, call, { ...call.head, state: "accepted" });
	}

	setCancelled(desk: Desk, call: KeptCall, isCancelled: boolean): void {
		this.#change(desk, call, { ...call.head, isCancelled });
	}

	/** @returns as `accept` does */
	settle(desk: Desk, call: KeptCall, settled: SettledAs, now: JournalTime): KeptCall | undefined {
		const body = encodeSettled(settled);
		desk.put(callKey(OUTCOMES, call.no), body);
		return this.#change(desk, call, {
			...call.head,
			...{ state: "settled", isCancelled: undefined, settledAt: now.up, outcomeSize: body.length },
		});
	}

	/** As if it had never been kept. @returns as `accept` does */
	drop(desk: Desk, call: KeptCall): KeptCall | undefined {
		const wasNext = this.isNext(call);
		this.#remove(call);
		for (const kind of [HEADS, TEXTS, OUTCOMES]) desk.delete(callKey(kind, call.no));
		return wasNext ? this.#nextOf(call.head) : undefined;
	}

	/** @throws StoreError `failed` when it is not there */
	submission(view: View, { no, head }: KeptCall, now: JournalTime): Submission {
		const { id, fn, version, digest, delivery, orderKey, retry, notBefore, expires } = head;
		const key = callKey(TEXTS, no);
		const text = decodeText(key, view.get(key));
		const afterMs = Math.max(0, notBefore - now.calendar);
		const expiresMs = Math.max(0, expires - now.calendar);
		return { id, call: { fn, version, digest, text }, delivery, orderKey, retry, afterMs, expiresMs };
	}

	/** @throws StoreError `failed` when it is not there */
	settledAs(view: View, { no }: KeptCall): { readonly attempts: number; readonly outcome: OutcomeText } {
		const key = callKey(OUTCOMES, no);
		return decodeSettled(key, view.get(key));
	}

	/** A call that has expired, each once. */
	takeExpired(now: JournalTime): KeptCall | undefined {
		const key = this.#expiry.take(now.calendar);
		return key === undefined ? undefined : this.#calls.get(key);
	}

	/** Forgets outcomes that have been kept for long enough, and those for which there is no room. */
	forget(desk: Desk, now: JournalTime): void {
		for (let count = 0; count < FORGOTTEN_AT_ONCE; count++) {
			const oldest = this.#forgettable(now.up);
			if (oldest === undefined) return;
			this.drop(desk, oldest);
		}
	}

	/** When there is something to expire or to forget, by `up`. */
	wakeUp(now: JournalTime): number | undefined {
		const expiry = this.#expiry.next();
		const times: number[] = expiry === undefined ? [] : [expiry - now.calendar + now.up];
		const oldest = this.#settled.oldest();
		if (this.#forgettable(now.up) !== undefined) times.push(now.up);
		else if (oldest !== undefined) times.push(oldest.at + this.#limits.keepMs);
		return times.length === 0 ? undefined : Math.min(...times);
	}

	/** @throws StoreError `failed` when what is stored is not whole */
	recover(view: View): void {
		this.#calls.clear();
		this.#chains.clear();
		this.#expiry.clear();
		this.#settled.clear();
		[this.#nextNo, this.#kept, this.#keptBytes, this.#settledBytes] = [0, 0, 0, 0];
		for (const key of view.keys(HEADS, endOf(HEADS), Number.MAX_SAFE_INTEGER)) {
			const no = noIn(key);
			this.#insert(callOf(no, decodeHead(key, view.get(key)), true));
			this.#nextNo = no + 1;
		}
		requireAll(view, TEXTS, this.#kept);
		requireAll(view, OUTCOMES, this.#settled.size);
	}

	#forgettable(up: number): KeptCall | undefined {
		const oldest = this.#settled.oldest();
		if (oldest === undefined) return undefined;
		const { maxSettled, maxSettledBytes, keepMs } = this.#limits;
		const isTooMuch = this.#settled.size > maxSettled || this.#settledBytes > maxSettledBytes;
		return isTooMuch || oldest.at + keepMs <= up ? oldest.item : undefined;
	}

	#change(desk: Desk, call: KeptCall, head: CallHead): KeptCall | undefined {
		desk.put(callKey(HEADS, call.no), encodeHead(head));
		if (call.head.state === head.state) {
			call.head = head;
			return undefined;
		}
		const wasNext = call.head.state === "kept" && this.isNext(call);
		if (call.head.state === "kept") desk.delete(callKey(TEXTS, call.no));
		this.#uncount(call);
		call.head = head;
		this.#count(call);
		return wasNext ? this.#nextOf(head) : undefined;
	}

	#nextOf(head: CallHead): KeptCall | undefined {
		const [next] = this.#chains.get(chainOf(head) ?? "") ?? [];
		return next;
	}

	#insert(call: KeptCall): void {
		this.#calls.set(call.key, call);
		this.#count(call);
	}

	#remove(call: KeptCall): void {
		this.#uncount(call);
		this.#calls.delete(call.key);
	}

	#count(call: KeptCall): void {
		const { head } = call;
		if (head.state === "settled") {
			this.#settledBytes += head.outcomeSize ?? 0;
			this.#settled.add(call, head.settledAt ?? 0, numberKey(call.no));
			return;
		}
		this.#expiry.set(call.key, head.state === "kept" ? head.expires : head.expires + GIVE_UP_MS);
		if (head.state !== "kept") return;
		this.#kept++;
		this.#keptBytes += head.size;
		const name = chainOf(head);
		if (name === undefined) return;
		const chain = this.#chains.get(name) ?? new Set();
		this.#chains.set(name, chain.add(call));
	}

	#uncount(call: KeptCall): void {
		const { head } = call;
		this.#expiry.delete(call.key);
		if (head.state === "settled") {
			this.#settledBytes -= head.outcomeSize ?? 0;
			this.#settled.delete(call);
		}
		if (head.state !== "kept") return;
		this.#kept--;
		this.#keptBytes -= head.size;
		const name = chainOf(head);
		const chain = name === undefined ? undefined : this.#chains.get(name);
		if (name !== undefined && chain?.delete(call) && chain.size === 0) this.#chains.delete(name);
	}
}

/** A call is known by where it is submitted and its id. Neither holds a line break. */
export function keyOf(to: string, id: string): string {
	return `${to}\n${id}`;
}

export function partsOf(key: string): { readonly to: string; readonly id: string } {
	const [to = "", id = ""] = key.split("\n");
	return { to, id };
}

function callOf(no: number, head: CallHead, mayBeThere: boolean): KeptCall {
	return { key: keyOf(head.to, head.id), no, head, mayBeThere, mightHaveBeenThere: mayBeThere, polls: 0 };
}

function chainOf({ to, fn, orderKey }: CallHead): string | undefined {
	return orderKey === undefined ? undefined : `${to}\n${fn}\n${orderKey}`;
}

function requireAll(view: View, kind: string, count: number): void {
	const there = view.count(kind, endOf(kind));
	if (there !== count) {
		throw new StoreError("failed", `the outbox has ${there} records of kind ${kind}, and calls for ${count}`);
	}
}
