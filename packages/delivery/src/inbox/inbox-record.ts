import type { OutcomeText } from "../calls.js";
import { decodeJsonBody, encodeJsonBody } from "../engine/json-body.js";
import { hashKey } from "../journal/binary.js";
import { type Key, StoreError } from "../journal/journal.js";
import { legibleKey } from "../journal/record.js";

/**
 * The records of an inbox; a call is known by its domain, its caller and its id.
 *
 * | key | value | |
 * | --- | --- | --- |
 * | `h` h(domain, sender, id) | {@link LeasedCall} | rewritten at each change |
 * | `o` h(domain, sender, id) | its outcome | from its end until the domain has recorded it |
 */
export const HEADS = "h";
export const OUTCOMES = "o";

const VERSION = 1;
const STATES = ["running", "aborting", "unrun", "recorded", "done"] as const;

export interface LeasedCall {
	readonly domain: string;
	readonly service: string;
	readonly instance: string;
	readonly sender: string;
	readonly id: string;
	readonly n: number;
	readonly token: number;
	/**
	 * - `running`: taken. In another session: its process died with it.
	 * - `aborting`: its lease was lost, its handler is not done yet.
	 * - `unrun`: it goes back, as it could not be run.
	 * - `recorded`: it has an outcome, which the domain has not recorded yet.
	 * - `done`: that has been done.
	 */
	readonly state: (typeof STATES)[number];
	/** The process that has run it. */
	readonly session: string;
	/** Its number there. */
	readonly run: number;
	/** When it got into this state, by the journal's `up`. */
	readonly at: number;
	/** Of its outcome, in bytes, while that is stored. */
	readonly outcomeSize?: number | undefined;
	/** Until when its instance wants nothing, in milliseconds from when it is said; while it is `unrun`. */
	readonly retryAfterMs?: number | undefined;
}

export function recordKey(kind: string, { domain, sender, id }: Pick<LeasedCall, "domain" | "sender" | "id">): Key {
	return kind + hashKey(domain, sender, id);
}

export function encodeHead(head: LeasedCall): Uint8Array {
	return encodeJsonBody(VERSION, head);
}

/** @throws StoreError `failed` for what is no call that this version can read */
export function decodeHead(key: Key, body: Uint8Array | undefined): LeasedCall {
	const head = decodeJsonBody(key, body, VERSION) as LeasedCall;
	const isHead =
		typeof head === "object" && head !== null && typeof head.id === "string" && STATES.includes(head.state);
	if (!isHead) throw new StoreError("failed", `the record ${legibleKey(key)} is no call of an inbox`);
	return head;
}

export function encodeOutcome(outcome: OutcomeText): Uint8Array {
	return encodeJsonBody(VERSION, outcome);
}

/** @throws StoreError `failed` */
export function decodeOutcome(key: Key, body: Uint8Array | undefined): OutcomeText {
	const outcome = decodeJsonBody(key, body, VERSION) as OutcomeText;
	// JSON leaves out what is undefined.
	return { ...outcome, code: outcome.code };
}
