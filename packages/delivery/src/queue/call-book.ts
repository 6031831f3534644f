import type { OutcomeText } from "../calls.js";
import type { Desk } from "../engine/core.js";
import type { View } from "../journal/journal.js";
import {
	type Amount,
	callKey,
	decodeHead,
	decodeMeta,
	decodeNumber,
	decodeOutcome,
	decodeText,
	encode,
	HEADS,
	type Head,
	idKey,
	isCounted,
	META,
	type Meta,
	OUTCOMES,
	TEXTS,
} from "./queue-record.js";
import type { Room } from "./room.js";
import { amountOf, NONE, Shares, sum } from "./shares.js";

/** A call, during one step. */
export interface Call {
	readonly n: number;
	readonly head: Head;
}

/** What is longer has a record of its own, so that it is written once only. */
const LONG_TEXT = 1_024;
/** About what there is in a new head beside its text, until it is written. */
const NEW_HEAD_BYTES = 600;

/**
 * The calls of a queue: reads a head once a step, and writes it once, however often it changes in it. What is in their records
 * is counted for their accounts, in the same batch.
 */
export class CallBook {
	meta: Meta = decodeMeta(undefined);
	readonly shares = new Shares();
	readonly #room: Room;
	#desk: Desk | undefined;
	readonly #calls = new Map<number, Call>();
	readonly #changed = new Set<number>();
	/** What of these is counted. */
	readonly #counted = new Map<number, Amount>();
	#stored = "";

	constructor(room: Room) {
		this.#room = room;
	}

	begin(desk: Desk): void {
		this.#desk = desk;
		this.#calls.clear();
		this.#changed.clear();
		this.#counted.clear();
		this.shares.begin(desk);
	}

	/** Puts all that has changed onto the desk. */
	end(desk: Desk): void {
		for (const n of this.#changed) {
			const call = this.#calls.get(n) as Call;
			const body = encode(call.head);
			desk.put(callKey(HEADS, n), body);
			this.#count(call, amountOf(call.head, body.length));
		}
		this.shares.end(desk);
		const meta = JSON.stringify(this.meta);
		if (meta !== this.#stored) desk.put(META, encode(this.meta));
		this.#stored = meta;
	}

	recover(view: View): void {
		this.meta = decodeMeta(view.get(META));
		this.#stored = JSON.stringify(this.meta);
	}

	/** @throws StoreError `failed` when there is none */
	get(n: number): Call {
		const known = this.#calls.get(n);
		if (known !== undefined) return known;
		const key = callKey(HEADS, n);
		const body = this.#on().get(key);
		const call = { n, head: decodeHead(key, body) };
		this.#calls.set(n, call);
		if (body !== undefined && isCounted(body)) this.#counted.set(n, amountOf(call.head, body.length));
		else this.#measure(call);
		return call;
	}

	/** What somebody else says is a number of a call. */
	lookUp(n: number): Call | undefined {
		if (!Number.isSafeInteger(n) || n < 1) return undefined;
		return this.#calls.has(n) || this.#on().get(callKey(HEADS, n)) !== undefined ? this.get(n) : undefined;
	}

	find(sender: string, id: string): Call | undefined {
		const key = idKey(sender, id);
		const body = this.#on().get(key);
		return body === undefined ? undefined : this.get(decodeNumber(key, body));
	}

	add(head: Head, text: string | undefined): Call {
		const call = { n: this.meta.next++, head };
		const desk = this.#on();
		desk.put(idKey(head.sender, head.id), encode(call.n));
		if (text !== undefined && text.length > LONG_TEXT) {
			const body = encode(text);
			desk.put(callKey(TEXTS, call.n), body);
			head.textBytes = body.length;
		} else head.text = text;
		this.#calls.set(call.n, call);
		this.#changed.add(call.n);
		this.#count(call, amountOf(head, NEW_HEAD_BYTES + (head.text?.length ?? 0)));
		return call;
	}

	change({ n }: Call): void {
		this.#changed.add(n);
	}

	text({ n, head }: Call): string {
		const key = callKey(TEXTS, n);
		return head.text ?? decodeText(key, this.#on().get(key));
	}

	dropText({ n, head }: Call): void {
		if (head.text === undefined) this.#on().delete(callKey(TEXTS, n));
		head.text = undefined;
		head.textBytes = undefined;
		this.#changed.add(n);
	}

	outcome({ n }: Call): OutcomeText {
		const key = callKey(OUTCOMES, n);
		return decodeOutcome(key, this.#on().get(key));
	}

	setOutcome({ n, head }: Call, outcome: OutcomeText): void {
		const body = encode(outcome);
		this.#on().put(callKey(OUTCOMES, n), body);
		head.outcomeBytes = body.length;
		this.#changed.add(n);
	}

	/** Nothing of it is left. */
	forget(call: Call): void {
		const desk = this.#on();
		if (call.head.isDead === true && call.head.text === undefined) desk.delete(callKey(TEXTS, call.n));
		for (const key of [callKey(HEADS, call.n), callKey(OUTCOMES, call.n), idKey(call.head.sender, call.head.id)]) {
			desk.delete(key);
		}
		this.#count(call, undefined);
		this.#calls.delete(call.n);
		this.#changed.delete(call.n);
	}

	/** What a call takes from now on, instead of what it has until now. */
	#count({ n, head }: Call, amount: Amount | undefined): void {
		const before = this.#counted.get(n);
		if (amount === undefined) this.#counted.delete(n);
		else this.#counted.set(n, amount);
		const change = sum(amount ?? NONE, before ?? NONE, -1);
		this.shares.add(head.sender, change);
		this.meta.counted = sum(this.meta.counted, change);
		this.#room.take(change.bytes);
	}

	/** It was written before calls were counted: what it has beside its head is not said in it. */
	#measure({ n, head }: Call): void {
		const bytesOf = (kind: string) => this.#on().get(callKey(kind, n))?.length;
		if (head.text === undefined) head.textBytes = bytesOf(TEXTS);
		if (head.state === "settled") head.outcomeBytes = bytesOf(OUTCOMES);
	}

	#on(): Desk {
		if (this.#desk === undefined) throw new Error("the book is closed");
		return this.#desk;
	}
}
