import { decodeCallHead } from "@antiphon/protocol";
import { Places } from "../bounds/places.js";
import type { ReceivedCall } from "../calls/call-outcome.js";

/** How long a call may wait for what a domain grants, in milliseconds. */
const MAX_WAIT_MS = 1_000;
/** Calls that may wait. What comes beyond is refused, as is what has waited in vain. */
const MAX_WAITING = 256;

/** A call that waits. Its place may be another's before it is looked at again. */
interface Waiting {
	/** It is looked at again. */
	readonly over: () => void;
	/** The same, if it still has its place. */
	readonly end: () => void;
}

/**
 * Calls that overtook the grant of their service's domain: callers may be told of an instance before it has its rules, and
 * the domain itself passes calls on. Where too many wait, whoever has fewer takes the place of who has most ({@link Places}):
 * without rules, nobody is known to be a stranger.
 */
export class EarlyCalls {
	readonly #places = new Places<Waiting>({ max: MAX_WAITING, onLost: ({ over }) => over() });
	/** By what is waited for. A promise keeps whoever waits for it: it is waited for once, and not by each call. */
	readonly #waiting = new WeakMap<Promise<void>, Set<Waiting>>();

	/**
	 * @param again called once, when the rules are there or the time is over, with what is left of the call's deadline
	 * @returns what calls that off; `undefined` if there is no place to wait
	 */
	wait(rules: Promise<void>, call: ReceivedCall, again: (call: ReceivedCall) => void): (() => void) | undefined {
		const cameMs = performance.now();
		const over = () => {
			clearTimeout(timer);
			this.#waiting.get(rules)?.delete(waiting);
			const leftMs = decodeCallHead(call.payload).ttlMs - (performance.now() - cameMs);
			const payload = call.payload.with({ ttl: String(Math.max(0, Math.floor(leftMs))) });
			again({ ...call, payload });
		};
		const end = () => {
			if (this.#places.leave(waiting)) over();
		};
		const waiting: Waiting = { over, end };
		const timer = setTimeout(end, MAX_WAIT_MS);
		if (this.#places.take(waiting, call.from) !== undefined) {
			clearTimeout(timer);
			return undefined;
		}
		this.#waitingFor(rules).add(waiting);
		return () => {
			clearTimeout(timer);
			this.#waiting.get(rules)?.delete(waiting);
			this.#places.leave(waiting);
		};
	}

	#waitingFor(rules: Promise<void>): Set<Waiting> {
		const known = this.#waiting.get(rules);
		if (known !== undefined) return known;
		const waiting = new Set<Waiting>();
		this.#waiting.set(rules, waiting);
		void rules.then(() => {
			for (const { end } of [...waiting]) end();
		});
		return waiting;
	}
}
