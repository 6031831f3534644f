import type { DurableDelivery, OutcomeText, RetryPolicy } from "../calls.js";
import { decodeJsonBody, encodeJsonBody } from "../engine/json-body.js";
import { hashKey, NUMBER_LENGTH, numberIn, numberKey } from "../journal/binary.js";
import { type Key, StoreError } from "../journal/journal.js";
import { legibleKey } from "../journal/record.js";
import type { OpenState } from "./queue-events.js";

/**
 * The records of a queue. `n` is the number of a call, from 1, in the order of acceptance; a lane is what one sender has
 * for one version of one function.
 *
 * | key | value | |
 * | --- | --- | --- |
 * | `m` | {@link Meta} | with each batch that changes it |
 * | `c` n | {@link Head} | rewritten at each change |
 * | `b` n | `<call/>`, if it is long | until it is settled; of a dead letter as long as that |
 * | `o` n | {@link OutcomeText} | when it is settled |
 * | `i` hash of sender and id | n | |
 * | `l` hash of the lane | {@link LaneRecord} | while it has unsettled calls |
 * | `u` hash of the account, or of `@` and its domain | {@link ShareRecord} | while something of it is kept |
 * | `r` hash of the lane, n | – | waiting |
 * | `k` hash of function, sender and order key, n | – | unsettled: the first of them is the one that is not chained |
 * | `a` n | – | leased |
 * | `d` time of `up`, n | – | delayed by a back-off |
 * | `s` time of `calendar`, n | – | delayed by its caller |
 * | `x` time of `calendar`, n | – | unsettled: expires |
 * | `e` time of `up`, n | – | settled: kept until |
 * | `z` n | – | dead letter |
 *
 * Records of version 1 are read. What is kept of whom was not counted then: such a call is when its head is written again,
 * and one that is forgotten before never was.
 */
export const META: Key = "m";
export const HEADS = "c";
export const TEXTS = "b";
export const OUTCOMES = "o";
export const LANES = "l";
export const SHARES = "u";
export const WAITING = "r";
export const LEASED = "a";
export const BACK_OFFS = "d";
export const STARTS = "s";
export const EXPIRIES = "x";
export const KEPT = "e";
export const DEAD = "z";
/** Of index records. */
export const NOTHING = new Uint8Array(0);

/** 2: calls are counted for their accounts; those that are redriven say of what, and what they have become. */
const VERSION = 2;
/** The first in which calls are counted for their accounts. */
const COUNTED_SINCE = 2;
const STATES: readonly string[] = ["waiting", "delayed", "chained", "leased", "settled"];

/** Who has, or had last, a lease. */
export interface Holder {
	readonly service: string;
	readonly instance: string;
	/** Full JID. */
	readonly node: string;
	/** Of the pull that it was given for. */
	readonly session: string;
	readonly number: number;
	readonly inbox: "durable" | "memory";
}

/** What became of one lease. Times by `calendar`. */
export interface Attempt {
	readonly instance: string;
	readonly node: string;
	readonly at: number;
	ended?: number;
	/** How it ended: `back`: handed back without a run; `over`, `died`, `untaken`: nothing was heard; otherwise the outcome's code, or `reply`. */
	how?: string;
	/** What the error said with which it ended. */
	message?: string;
}

/** A call, but for what is long in it. Times by the journal's `calendar`, where nothing else is said. */
export interface Head {
	readonly sender: string;
	readonly id: string;
	readonly fn: string;
	readonly version: string;
	/** None: it was cancelled before it came. */
	readonly digest: string | undefined;
	readonly delivery: DurableDelivery;
	readonly order?: string | undefined;
	retry?: RetryPolicy | undefined;
	readonly accepted: number;
	readonly notBefore: number;
	readonly expires: number;
	/** `<call/>`, if it is short. */
	text?: string | undefined;
	/** What the records in `b` and `o` take, where there are any. */
	textBytes?: number | undefined;
	outcomeBytes?: number | undefined;
	state: OpenState | "settled";
	/** Where it stands in `d` or `s`. */
	due?: { readonly kind: typeof BACK_OFFS | typeof STARTS; readonly at: number } | undefined;
	/** Of the last lease, from 1; 0: never leased. */
	token: number;
	/** Whether what is reported with the last token counts. */
	isTokenGood?: boolean | undefined;
	/** The token of the last outcome that was recorded. */
	recorded?: number | undefined;
	/** Runs that count against `retry.attempts`. */
	counted: number;
	/** Of these, how often nothing was heard of in the end. */
	silent: number;
	holder?: Holder | undefined;
	/** The newest. */
	history: Attempt[];
	settledAt?: number | undefined;
	/** Where it stands in `e`, by `up`. */
	keptUntil?: number | undefined;
	/** Until when its outcome is promised, by `up`. */
	promisedUntil?: number | undefined;
	/** It waits for somebody to decide what becomes of it. */
	isDead?: boolean | undefined;
	/** Of a redriven call: the id of the call that it was at first, and the number of the dead letter that it was made of. */
	readonly origin?: string | undefined;
	readonly redriveOf?: number | undefined;
	/** Of a redriven call: how many redrives it is away from its origin. Version 1: of a dead letter, how often it was redriven. */
	readonly redriven?: number | undefined;
	/** Of a dead letter that was redriven: what it has become, and when. */
	again?: { readonly n: number; readonly id: string; readonly at: number } | undefined;
}

export interface LaneRecord {
	readonly fn: string;
	readonly version: string;
	readonly sender: string;
	/** Unsettled calls. */
	open: number;
}

/** How much is kept. */
export interface Amount {
	readonly calls: number;
	/** Those of them that are not settled. */
	readonly open: number;
	/** About what they take in a journal. */
	readonly bytes: number;
}

export interface ShareRecord extends Amount {
	/** A bare JID, or `@` and a domain: all accounts there. */
	readonly of: string;
}

export interface Meta {
	/** The number of the next call. */
	next: number;
	/** How many there are: compared with what is there at each start. */
	open: number;
	settled: number;
	leased: number;
	dead: number;
	/** Of all accounts together. */
	counted: Amount;
}

export function callKey(kind: string, n: number): Key {
	return kind + numberKey(n);
}

export function idKey(sender: string, id: string): Key {
	return `i${hashKey(sender, id)}`;
}

export function shareKey(of: string): Key {
	return SHARES + hashKey(of);
}

export function laneHash(fn: string, version: string, sender: string): Key {
	return hashKey(fn, version, sender);
}

/** In front of the calls of an order key. */
export function chainPrefix({ fn, sender, order }: Head): Key {
	return `k${hashKey(fn, sender, order ?? "")}`;
}

export function timeKey(kind: string, at: number, n: number): Key {
	return kind + numberKey(at) + numberKey(n);
}

/** The number of the call at the end of a key. */
export function nIn(key: Key): number {
	return numberIn(key, key.length - NUMBER_LENGTH);
}

export function encode(value: Head | LaneRecord | ShareRecord | Meta | OutcomeText | string | number): Uint8Array {
	return encodeJsonBody(VERSION, value);
}

/** @throws StoreError `failed` for what is no head that this version can read */
export function decodeHead(key: Key, body: Uint8Array | undefined): Head {
	const head = decodeJsonBody(key, body, VERSION) as Head;
	const isHead =
		typeof head === "object" && head !== null && STATES.includes(head.state) && Array.isArray(head.history);
	if (!isHead) throw new StoreError("failed", `the record ${legibleKey(key)} is no call of a queue`);
	return head;
}

/** Whether the call of a head is counted for its account. */
export function isCounted([version = 0]: Uint8Array): boolean {
	return version >= COUNTED_SINCE;
}

/** @throws StoreError `failed` */
export function decodeShare(key: Key, body: Uint8Array | undefined): ShareRecord {
	return decodeJsonBody(key, body, VERSION) as ShareRecord;
}

/** @throws StoreError `failed` */
export function decodeLane(key: Key, body: Uint8Array | undefined): LaneRecord {
	return decodeJsonBody(key, body, VERSION) as LaneRecord;
}

/** @throws StoreError `failed` */
export function decodeMeta(body: Uint8Array | undefined): Meta {
	const none = { next: 1, open: 0, settled: 0, leased: 0, dead: 0, counted: { calls: 0, open: 0, bytes: 0 } };
	return body === undefined ? none : { ...none, ...(decodeJsonBody(META, body, VERSION) as Meta) };
}

/** @throws StoreError `failed` */
export function decodeNumber(key: Key, body: Uint8Array | undefined): number {
	return decodeJsonBody(key, body, VERSION) as number;
}

/** @throws StoreError `failed` */
export function decodeText(key: Key, body: Uint8Array | undefined): string {
	return decodeJsonBody(key, body, VERSION) as string;
}

/** @throws StoreError `failed` */
export function decodeOutcome(key: Key, body: Uint8Array | undefined): OutcomeText {
	const outcome = decodeJsonBody(key, body, VERSION) as OutcomeText;
	// JSON leaves out what is undefined.
	return { ...outcome, code: outcome.code };
}
