import { decodeCallHead, type Jid } from "@antiphon/protocol";
import { Shares } from "../bounds/shares.js";
import type { ReceivedCall } from "../calls/call-outcome.js";

/** How long a call may wait for what a domain grants, in milliseconds. */
const MAX_WAIT_MS = 1_000;
/** Calls that may wait. What comes beyond is refused, as is what has waited in vain. */
const MAX_WAITING = 256;

interface Waiting {
	readonly from: Jid;
	/** It is looked at again. */
	readonly end: () => void;
}

/**
 * Calls that overtook the grant of their service's domain: callers may be told of an instance before it has its rules, and
 * the domain itself passes calls on. Where too many wait, whoever has fewer takes the place of who has most ({@link Shares}):
 * without rules, nobody is known to be a stranger.
 */
export class EarlyCalls {
	/** In the order in which they came. */
	readonly #waiting = new Set<Waiting>();
	readonly #shares = new Shares();

	/**
	 * @param again called once, when the rules are there or the time is over, with what is left of the call's deadline
	 * @returns what calls that off; `undefined` if there is no place to wait
	 */
	wait(rules: Promise<void>, call: ReceivedCall, again: (call: ReceivedCall) => void): (() => void) | undefined {
		const { from } = call;
		if (this.#waiting.size >= MAX_WAITING && !this.#makeRoom(from)) return undefined;
		const cameMs = performance.now();
		const leave = () => {
			clearTimeout(timer);
			if (!this.#waiting.delete(waiting)) return false;
			this.#shares.give(from);
			return true;
		};
		const end = () => {
			if (!leave()) return;
			const leftMs = decodeCallHead(call.payload).ttlMs - (performance.now() - cameMs);
			const payload = call.payload.with({ ttl: String(Math.max(0, Math.floor(leftMs))) });
			again({ ...call, payload });
		};
		const timer = setTimeout(end, MAX_WAIT_MS);
		const waiting: Waiting = { from, end };
		this.#waiting.add(waiting);
		this.#shares.take(from);
		void rules.then(end);
		return leave;
	}

	#makeRoom(from: Jid): boolean {
		const crowding = this.#shares.crowding(from);
		if (crowding === undefined) return false;
		const last = [...this.#waiting].findLast((each) => each.from.bare().toString() === crowding.account);
		last?.end();
		return last !== undefined;
	}
}
