import { BusError } from "@antiphon/protocol";
import { Admission } from "../bounds/admission.js";
import { BACKLOG, tooMuchToSend } from "../bounds/backlog.js";
import { Complaints } from "../bounds/complaints.js";
import type { NodeLimits } from "../bounds/limits.js";
import { CallAbort } from "../calls/call-abort.js";
import type { Outcome } from "../calls/call-outcome.js";
import type { ServedService } from "../host/directory.js";
import type { NodeHost } from "../host/node-host.js";
import type { CheckedCall } from "./check-call.js";

/** A call, and what its places are counted for. */
interface StartedCall extends CheckedCall {
	/** Nobody else's. */
	readonly key: string;
	readonly account: string;
}

/**
 * The calls that run on this node, whatever brought them. Each gets exactly one outcome, by its deadline at the latest. A
 * handler that goes on after that keeps its place until it is done, because what it uses, it still uses.
 *
 * A call is named by a key, which is its own as long as it has no outcome.
 */
export class RunningCalls {
	readonly #host: NodeHost;
	readonly #maxCallMs: number;
	readonly #onLeft: () => void;
	/** What runs on this node, whichever the service. */
	readonly admission: Admission;
	/** Calls that have no outcome yet: each the function that ends it. */
	readonly #open = new Map<string, (reason: BusError) => void>();
	readonly #complaints: Complaints;

	/** @param onLeft a call has left its places */
	constructor(host: NodeHost, limits: NodeLimits, onLeft: () => void) {
		this.#host = host;
		this.#onLeft = onLeft;
		this.#maxCallMs = limits.maxCallMs;
		this.#complaints = new Complaints(host.log);
		this.admission = new Admission("this node", limits.maxCallsIn, limits.maxCallsInPerPeer);
	}

	has(key: string): boolean {
		return this.#open.has(key);
	}

	/** Aborts a call, if it runs, and settles it with the reason. */
	end(key: string, reason: BusError): void {
		this.#open.get(key)?.(reason);
	}

	/** Does so with every one. */
	endAll(reason: BusError): void {
		for (const end of [...this.#open.values()]) end(reason);
	}

	/** A call that does not run yet has its key, too. */
	hold(key: string, end: (reason: BusError) => void): void {
		this.#open.set(key, end);
	}

	/** The key is nobody's. */
	release(key: string): void {
		this.#open.delete(key);
	}

	/**
	 * Runs a call; `settle` gets its one outcome.
	 * @param left called when the handler is done, which may be later
	 * @returns what ends it, as {@link end} does
	 * @throws BusError `overloaded`, `unavailable`: there is no place for it, and it does not run
	 */
	start(
		{ call, served, key, account }: StartedCall,
		settle: (outcome: Outcome) => void,
		left = () => {},
	): (reason: BusError) => void {
		this.#admit(served, account);
		const { head } = call;
		const abort = new CallAbort();
		const settleOnce = (outcome: Outcome) => {
			if (this.#open.get(key) !== end) return;
			this.#open.delete(key);
			clearTimeout(timer);
			settle(outcome);
		};
		const end = (reason: BusError) => {
			settleOnce({ error: reason });
			abort.abort(reason);
		};
		const timeMs = Math.min(head.ttlMs, this.#maxCallMs);
		const timer = setTimeout(() => {
			const limit = timeMs < head.ttlMs ? ", the longest that a call may take here" : "";
			end(new BusError("deadline-exceeded", `${head.fn} did not finish within ${timeMs} ms${limit}`));
		}, timeMs);
		this.#open.set(key, end);
		const done = (outcome: Outcome) => {
			served.admission.leave(account);
			this.admission.leave(account);
			left();
			settleOnce(outcome);
			this.#onLeft();
		};
		// A handler can throw what cannot even be looked at; its place and its caller must not be lost with it.
		const onBroken = (thrown: unknown) => {
			this.#complaints.about(call.fn, head.fn, false, thrown);
			done({ error: new BusError("internal", "internal error", { executed: "unknown" }) });
		};
		void served.run(call, abort).then(done, onBroken);
		return end;
	}

	/**
	 * Takes a place at the service and at the node. Counted by account (bare JID): one may have as many resources as it
	 * likes. @throws BusError `overloaded`, `unavailable`
	 */
	#admit(served: ServedService, account: string): void {
		// A reply that could not be sent is worse than none.
		if (this.#host.backlog > BACKLOG.calls) throw tooMuchToSend();
		served.admission.enter(account);
		try {
			this.admission.enter(account);
		} catch (error) {
			served.admission.leave(account);
			throw error;
		}
	}
}
