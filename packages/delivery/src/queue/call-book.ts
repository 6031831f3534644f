import type { OutcomeText } from "../calls.js";
import type { Desk } from "../engine/core.js";
import type { View } from "../journal/journal.js";
import {
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
	META,
	type Meta,
	OUTCOMES,
	TEXTS,
} from "./queue-record.js";

/** A call, during one step. */
export interface Call {
	readonly n: number;
	readonly head: Head;
}

/** What is longer has a record of its own, so that it is written once only. */
const LONG_TEXT = 1_024;

/** The calls of a queue: reads a head once a step, and writes it once, however often it changes in it. */
export class CallBook {
	meta: Meta = decodeMeta(undefined);
	#desk: Desk | undefined;
	readonly #calls = new Map<number, Call>();
	readonly #changed = new Set<number>();
	#stored = "";

	begin(desk: Desk): void {
		this.#desk = desk;
		this.#calls.clear();
		this.#changed.clear();
	}

	/** Puts all that has changed onto the desk. */
	end(desk: Desk): void {
		for (const n of this.#changed) desk.put(callKey(HEADS, n), encode((this.#calls.get(n) as Call).head));
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
		const call = { n, head: decodeHead(key, this.#on().get(key)) };
		this.#calls.set(n, call);
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
		if (text !== undefined && text.length > LONG_TEXT) desk.put(callKey(TEXTS, call.n), encode(text));
		else head.text = text;
		this.#calls.set(call.n, call);
		this.#changed.add(call.n);
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
		this.#changed.add(n);
	}

	outcome({ n }: Call): OutcomeText {
		const key = callKey(OUTCOMES, n);
		return decodeOutcome(key, this.#on().get(key));
	}

	setOutcome({ n }: Call, outcome: OutcomeText): void {
		this.#on().put(callKey(OUTCOMES, n), encode(outcome));
	}

	/** Nothing of it is left. */
	forget(call: Call): void {
		const desk = this.#on();
		if (call.head.isDead === true && call.head.text === undefined) desk.delete(callKey(TEXTS, call.n));
		for (const key of [callKey(HEADS, call.n), callKey(OUTCOMES, call.n), idKey(call.head.sender, call.head.id)]) {
			desk.delete(key);
		}
		this.#calls.delete(call.n);
		this.#changed.delete(call.n);
	}

	#on(): Desk {
		if (this.#desk === undefined) throw new Error("the book is closed");
		return this.#desk;
	}
}
