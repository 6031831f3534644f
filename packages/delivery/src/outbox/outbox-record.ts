import type { DurableDelivery, OutcomeText, RetryPolicy } from "../calls.js";
import { decodeJsonBody, encodeJsonBody } from "../engine/json-body.js";
import { NUMBER_LENGTH, numberIn, numberKey } from "../journal/binary.js";
import { type Key, StoreError } from "../journal/journal.js";
import { legibleKey } from "../journal/record.js";

/**
 * The records of an outbox; `no` is the place of a call in the order in which they were kept.
 *
 * | key | value | |
 * | --- | --- | --- |
 * | `h` no | {@link CallHead} | rewritten at each change |
 * | `c` no | `<call/>` | until it is accepted or settled |
 * | `o` no | {@link SettledAs} | when it is settled |
 */
export const HEADS = "h";
export const TEXTS = "c";
export const OUTCOMES = "o";

const VERSION = 1;
const STATES = ["kept", "accepted", "settled"] as const;

/** A call but for its text. Times by the journal's `calendar`, but `settledAt` by its `up`. */
export interface CallHead {
	readonly to: string;
	readonly id: string;
	readonly fn: string;
	readonly version: string;
	readonly digest: string;
	readonly delivery: DurableDelivery;
	readonly orderKey?: string | undefined;
	readonly retry: RetryPolicy;
	readonly notBefore: number;
	readonly expires: number;
	/** Of its text, in bytes. */
	readonly size: number;
	readonly state: (typeof STATES)[number];
	/** Somebody has given it up, and the domain is to be told. */
	readonly isCancelled?: boolean | undefined;
	readonly settledAt?: number | undefined;
	/** Of the record of its outcome, in bytes. */
	readonly outcomeSize?: number | undefined;
}

export interface SettledAs {
	readonly attempts: number;
	readonly outcome: OutcomeText;
}

export function callKey(kind: string, no: number): Key {
	return kind + numberKey(no);
}

/** @throws StoreError `failed` for a key that nothing here has written */
export function noIn(key: Key): number {
	if (key.length !== 1 + NUMBER_LENGTH) throw new StoreError("failed", `nobody has written ${legibleKey(key)}`);
	return numberIn(key, 1);
}

export function encodeHead(head: CallHead): Uint8Array {
	return encodeJsonBody(VERSION, head);
}

/** @throws StoreError `failed` for what is no head that this version can read */
export function decodeHead(key: Key, body: Uint8Array | undefined): CallHead {
	const head = decodeJsonBody(key, body, VERSION) as CallHead;
	const isHead =
		typeof head === "object" && head !== null && typeof head.id === "string" && STATES.includes(head.state);
	if (!isHead) throw new StoreError("failed", `the record ${legibleKey(key)} is no call of an outbox`);
	return head;
}

export function encodeSettled(settled: SettledAs): Uint8Array {
	return encodeJsonBody(VERSION, settled);
}

/** @throws StoreError `failed` */
export function decodeSettled(key: Key, body: Uint8Array | undefined): SettledAs {
	const { attempts, outcome } = decodeJsonBody(key, body, VERSION) as SettledAs;
	// JSON leaves out what is undefined.
	return { attempts, outcome: { ...outcome, code: outcome.code } };
}

export function encodeText(text: string): Uint8Array {
	return encodeJsonBody(VERSION, text);
}

/** @throws StoreError `failed` */
export function decodeText(key: Key, body: Uint8Array | undefined): string {
	return decodeJsonBody(key, body, VERSION) as string;
}
