import type { Desk } from "../engine/core.js";
import { decodeJsonBody, encodeJsonBody } from "../engine/json-body.js";
import { endOf } from "../journal/binary.js";
import { type Key, StoreError, type View } from "../journal/journal.js";
import { legibleKey } from "../journal/record.js";
import { HEADS, nIn } from "./queue-record.js";

/**
 * | key | value | |
 * | --- | --- | --- |
 * | `p` | a list of {@link Told}, by `from` | since another time than a day was first told |
 */
export const PROMISES: Key = "p";

/** What callers are told for as long as there is no record: a day. */
const UNSAID_MS = 86_400_000;
/** Above, the two oldest are one: both have the longer time. */
const MAX_TOLD = 32;
const VERSION = 1;

/** For how long the outcomes of calls are kept, from the one of this number on, until it is another time. */
interface Told {
	readonly from: number;
	readonly keepMs: number;
}

/**
 * For how long callers were told that outcomes are kept: with each call holds what was said when it was accepted, whatever is said
 * now. That changes seldom, so that it stands by the numbers of calls, and not with each of them.
 */
export class Promises {
	readonly #keepMs: number;
	#told: readonly Told[] = [];

	/** @param keepMs what is told now */
	constructor(keepMs: number) {
		this.#keepMs = keepMs;
	}

	/** @throws StoreError `failed` */
	recover(view: View): void {
		const body = view.get(PROMISES);
		this.#told = body === undefined ? [] : decodePromises(body);
	}

	/** A new call is accepted: the last that there is. */
	give(desk: Desk, n: number): void {
		const last = this.#told.at(-1)?.keepMs ?? UNSAID_MS;
		if (last === this.#keepMs) return;
		// Of what was told before the oldest call that is there, only the last is of use.
		const [oldest] = desk.keys(HEADS, endOf(HEADS), 1);
		const first = oldest === undefined ? n : nIn(oldest);
		const inUse = this.#told.filter((_, i) => (this.#told[i + 1]?.from ?? n) > first);
		this.#told = bounded([...inUse, { from: n, keepMs: this.#keepMs }]);
		desk.put(PROMISES, encodeJsonBody(VERSION, this.#told));
	}

	/** What the caller of this call was told, in milliseconds. */
	of(n: number): number {
		return this.#told.findLast(({ from }) => from <= n)?.keepMs ?? UNSAID_MS;
	}

	/** For how long its outcome is kept if there is one now: what is told less shortens nothing. */
	keepMsOf(n: number): number {
		return Math.max(this.#keepMs, this.of(n));
	}
}

/** @throws StoreError `failed` */
export function decodePromises(body: Uint8Array): readonly Told[] {
	const told = decodeJsonBody(PROMISES, body, VERSION);
	const isTold = (each: unknown) => typeof each === "object" && each !== null && "from" in each && "keepMs" in each;
	if (Array.isArray(told) && told.every(isTold)) return told as Told[];
	throw new StoreError("failed", `the record ${legibleKey(PROMISES)} does not say for how long outcomes are kept`);
}

function bounded(told: readonly Told[]): readonly Told[] {
	const [first, second, ...rest] = told;
	if (told.length <= MAX_TOLD || first === undefined || second === undefined) return told;
	return [{ from: first.from, keepMs: Math.max(first.keepMs, second.keepMs) }, ...rest];
}
