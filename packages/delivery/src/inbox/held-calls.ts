import type { LeaseRef, OutcomeText } from "../calls.js";
import { ByAge } from "../engine/by-age.js";
import type { Desk } from "../engine/core.js";
import { endOf } from "../journal/binary.js";
import { StoreError, type View } from "../journal/journal.js";
import { legibleKey } from "../journal/record.js";
import type { Place } from "./inbox-events.js";
import type { InboxLimits } from "./inbox-limits.js";
import {
	decodeHead,
	decodeOutcome,
	encodeHead,
	encodeOutcome,
	HEADS,
	type LeasedCall,
	OUTCOMES,
	recordKey,
} from "./inbox-record.js";

/** A call that an inbox knows. */
export interface HeldCall {
	readonly key: string;
	head: LeasedCall;
	/** While it is `unrun`: for how long it had better wait. Not stored: what is to end first ends with its process. */
	afterMs?: number | undefined;
}

/** At most so many are forgotten in a step. */
const FORGOTTEN_AT_ONCE = 256;

/** The calls of an inbox, in memory and in its journal. Held are all but those that are done with. */
export class HeldCalls {
	readonly #limits: InboxLimits;
	readonly #session: string;
	readonly #calls = new Map<string, HeldCall>();
	readonly #byLease = new Map<string, HeldCall>();
	readonly #byRun = new Map<number, HeldCall>();
	/** What is held of each place, in the order in which it was taken. */
	readonly #places = new Map<string, Set<HeldCall>>();
	/** What is held and has no handler: it waits for the domain. */
	readonly #waiting = new ByAge<HeldCall>();
	readonly #done = new ByAge<HeldCall>();
	/** Were being given up when their process ended: nobody wants to know of them. */
	readonly #stale = new Set<HeldCall>();
	/** Outcomes for which there was no room, by run. In the journal these calls are still running. */
	readonly #unkept = new Map<number, OutcomeText>();
	/** Those of them that are over when this step is stored. */
	#unkeptOver: number[] = [];
	#size = 0;
	#outcomeBytes = 0;

	/** @param session of this process */
	constructor(limits: InboxLimits, session: string) {
		this.#limits = limits;
		this.#session = session;
	}

	get(key: string): HeldCall | undefined {
		return this.#calls.get(key);
	}

	ofRun(run: number): HeldCall | undefined {
		return this.#byRun.get(run);
	}

	ofLease(domain: string, { n, token }: LeaseRef): HeldCall | undefined {
		const call = this.#byLease.get(leaseKey(domain, n));
		return call?.head.token === token ? call : undefined;
	}

	/** What is held of a place. */
	of(place: Place): ReadonlySet<HeldCall> {
		return this.#places.get(placeKey(place)) ?? new Set();
	}

	/** All that is held. */
	*held(): Iterable<HeldCall> {
		for (const calls of this.#places.values()) yield* calls;
	}

	/** Whether it runs in this process, as far as is known. */
	isRunning({ head }: HeldCall): boolean {
		return head.state === "running" && head.session === this.#session;
	}

	hasRoom(): boolean {
		return this.#size < this.#limits.maxHeld && this.#outcomeBytes < this.#limits.maxOutcomeBytes;
	}

	/** Before each step: the one before is stored. */
	begin(): void {
		for (const run of this.#unkeptOver) this.#unkept.delete(run);
		this.#unkeptOver = [];
	}

	/** Anew, or instead of what was known of the call. */
	take(desk: Desk, head: LeasedCall): HeldCall {
		const before = this.#calls.get(callKey(head));
		if (before !== undefined) this.drop(desk, before);
		const call: HeldCall = { key: callKey(head), head };
		desk.put(recordKey(HEADS, head), encodeHead(head));
		this.#insert(call);
		return call;
	}

	change(desk: Desk, call: HeldCall, change: Partial<LeasedCall>): void {
		const head = { ...call.head, ...change };
		const isUnkept = head.state === "recorded" && this.#unkeptOf(head) !== undefined;
		desk.put(recordKey(HEADS, head), encodeHead(isUnkept ? { ...head, state: "running" } : head));
		this.#remove(call);
		call.head = head;
		this.#insert(call);
	}

	/** It has an outcome. */
	record(desk: Desk, call: HeldCall, outcome: OutcomeText, at: number): void {
		const body = encodeOutcome(outcome);
		desk.put(recordKey(OUTCOMES, call.head), body);
		this.change(desk, call, { state: "recorded", at, outcomeSize: body.length });
	}

	/** It has an outcome for which there is no room. */
	recordUnkept(call: HeldCall, outcome: OutcomeText, at: number): void {
		this.#unkept.set(call.head.run, outcome);
		this.#remove(call);
		call.head = { ...call.head, state: "recorded", at };
		this.#insert(call);
	}

	/** Its outcome is the domain's. */
	finish(desk: Desk, call: HeldCall, at: number): void {
		this.#endUnkept(call.head);
		desk.delete(recordKey(OUTCOMES, call.head));
		this.change(desk, call, { state: "done", at, outcomeSize: undefined });
	}

	drop(desk: Desk, call: HeldCall): void {
		this.#remove(call);
		this.#calls.delete(call.key);
		this.#endUnkept(call.head);
		desk.delete(recordKey(HEADS, call.head));
		desk.delete(recordKey(OUTCOMES, call.head));
	}

	/** @throws StoreError `failed` when it is not there */
	outcome(view: View, { head }: HeldCall): OutcomeText {
		const key = recordKey(OUTCOMES, head);
		return this.#unkeptOf(head) ?? decodeOutcome(key, view.get(key));
	}

	/** Forgets what is done with for long enough, or for which there is no room. */
	forget(desk: Desk, up: number): void {
		for (const call of this.#stale) this.drop(desk, call);
		for (let count = 0; count < FORGOTTEN_AT_ONCE; count++) {
			const oldest = this.#done.oldest();
			if (oldest === undefined || !this.#canForget(oldest.at, up)) return;
			this.drop(desk, oldest.item);
		}
	}

	/** A call of which nobody has wanted to hear for long enough. Not what runs. */
	unheard(up: number): HeldCall | undefined {
		const oldest = this.#waiting.oldest();
		return oldest !== undefined && oldest.at + this.#limits.unheardMs <= up ? oldest.item : undefined;
	}

	/** When there is something to forget, by `up`. */
	wakeUp(up: number): number | undefined {
		const { doneMs, unheardMs } = this.#limits;
		const times: number[] = this.#stale.size > 0 ? [up] : [];
		const done = this.#done.oldest();
		if (done !== undefined) times.push(this.#canForget(done.at, up) ? up : done.at + doneMs);
		const held = this.#waiting.oldest();
		if (held !== undefined) times.push(held.at + unheardMs);
		return times.length === 0 ? undefined : Math.min(...times);
	}

	/** @throws StoreError `failed` when what is stored is not whole */
	recover(view: View): void {
		for (const each of [
			this.#calls,
			this.#byLease,
			this.#byRun,
			this.#places,
			this.#waiting,
			this.#done,
			this.#stale,
		]) {
			each.clear();
		}
		this.#unkeptOver = [];
		[this.#size, this.#outcomeBytes] = [0, 0];
		let recorded = 0;
		for (const key of view.keys(HEADS, endOf(HEADS), Number.MAX_SAFE_INTEGER)) {
			const head = decodeHead(key, view.get(key));
			if (key !== recordKey(HEADS, head)) {
				throw new StoreError("failed", `the record ${legibleKey(key)} is of another call`);
			}
			if (head.state === "recorded") recorded++;
			this.#insert({ key: callKey(head), head });
		}
		const outcomes = view.count(OUTCOMES, endOf(OUTCOMES));
		if (outcomes !== recorded) {
			throw new StoreError("failed", `the inbox has ${outcomes} outcomes, and calls for ${recorded}`);
		}
		for (const [run, outcome] of this.#unkept) {
			const call = this.#byRun.get(run);
			if (call !== undefined && this.isRunning(call)) this.recordUnkept(call, outcome, call.head.at);
		}
	}

	/** Runs are numbered anew by each process. */
	#unkeptOf({ session, run }: LeasedCall): OutcomeText | undefined {
		return session === this.#session ? this.#unkept.get(run) : undefined;
	}

	#endUnkept(head: LeasedCall): void {
		if (this.#unkeptOf(head) !== undefined) this.#unkeptOver.push(head.run);
	}

	#canForget(at: number, up: number): boolean {
		return this.#done.size > this.#limits.maxDone || at + this.#limits.doneMs <= up;
	}

	#insert(call: HeldCall): void {
		const { head, key } = call;
		this.#calls.set(key, call);
		if (head.state === "done") {
			this.#done.add(call, head.at, key);
			return;
		}
		const isMine = head.session === this.#session;
		if (head.state === "aborting" && !isMine) {
			this.#stale.add(call);
			return;
		}
		this.#byLease.set(leaseKey(head.domain, head.n), call);
		if (isMine && (head.state === "running" || head.state === "aborting")) this.#byRun.set(head.run, call);
		else this.#waiting.add(call, head.at, key);
		this.#size++;
		this.#outcomeBytes += head.outcomeSize ?? 0;
		const place = placeKey(head);
		const there = this.#places.get(place) ?? new Set();
		this.#places.set(place, there.add(call));
	}

	#remove(call: HeldCall): void {
		const { head } = call;
		this.#done.delete(call);
		this.#waiting.delete(call);
		this.#stale.delete(call);
		const lease = leaseKey(head.domain, head.n);
		if (this.#byLease.get(lease) === call) this.#byLease.delete(lease);
		if (this.#byRun.get(head.run) === call) this.#byRun.delete(head.run);
		const there = this.#places.get(placeKey(head));
		if (!there?.delete(call)) return;
		this.#size--;
		this.#outcomeBytes -= head.outcomeSize ?? 0;
		if (there.size === 0) this.#places.delete(placeKey(head));
	}
}

/** None of the parts holds a line break. */
export function callKey({ domain, sender, id }: Pick<LeasedCall, "domain" | "sender" | "id">): string {
	return `${domain}\n${sender}\n${id}`;
}

export function placeKey({ domain, service, instance }: Place): string {
	return `${domain}\n${service}\n${instance}`;
}

function leaseKey(domain: string, n: number): string {
	return `${domain}\n${n}`;
}
