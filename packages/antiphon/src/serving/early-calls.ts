import { decodeCallHead } from "@antiphon/protocol";
import type { ReceivedCall } from "../calls/call-outcome.js";

/** How long a call may wait for what a domain grants, in milliseconds. */
const MAX_WAIT_MS = 1_000;
/** Calls that may wait. What comes beyond is refused, as is what has waited in vain. */
const MAX_WAITING = 256;

/**
 * Calls that overtook the grant of their service's domain: callers may be told of an instance before it has its rules, and
 * the domain itself passes calls on.
 */
export class EarlyCalls {
	#waiting = 0;

	/**
	 * @param again called once, when the rules are there or the time is over, with what is left of the call's deadline
	 * @returns whether it will be
	 */
	wait(rules: Promise<void>, call: ReceivedCall, again: (call: ReceivedCall) => void): boolean {
		if (this.#waiting >= MAX_WAITING) return false;
		this.#waiting++;
		const cameMs = performance.now();
		let isOver = false;
		const end = () => {
			if (isOver) return;
			isOver = true;
			clearTimeout(timer);
			this.#waiting--;
			const leftMs = decodeCallHead(call.payload).ttlMs - (performance.now() - cameMs);
			const payload = call.payload.with({ ttl: String(Math.max(0, Math.floor(leftMs))) });
			again({ ...call, payload });
		};
		const timer = setTimeout(end, MAX_WAIT_MS);
		void rules.then(end);
		return true;
	}
}
