import type { FunctionKind } from "@antiphon/contract";
import { BusError, type CallHead, decodeCallHead, type Jid } from "@antiphon/protocol";
import type { Admission } from "../bounds/admission.js";
import type { NodeLimits } from "../bounds/limits.js";
import { digestOf, RecentCalls } from "../bounds/recent-calls.js";
import { Seldom } from "../bounds/seldom.js";
import type { Outcome, ReceivedCall } from "../calls/call-outcome.js";
import type { NodeHost } from "../host/node-host.js";
import { type CheckedCall, checkCall } from "./check-call.js";
import { EarlyCalls } from "./early-calls.js";
import { RunningCalls } from "./running-calls.js";

/** How often the log tells of copies. */
const COPIES_EVERY_MS = 1_000;

/**
 * The provider's half of a call that is answered to who has sent it: check, admit, run, settle. Of a copy, the answer would be
 * taken for that to the call itself: it is not run, for as long as calls are remembered.
 */
export class CallServer {
	readonly #host: NodeHost;
	readonly #maxCallMs: number;
	/** By caller and id. */
	readonly #running: RunningCalls;
	#refused = 0;
	/** Calls of a `set` that have run. A `get` does no harm when it runs again. */
	readonly #ran = new RecentCalls();
	readonly #copies = new Seldom(COPIES_EVERY_MS);
	readonly #early = new EarlyCalls();

	/** @param onLeft something that ran has left its place */
	constructor(host: NodeHost, limits: NodeLimits, onLeft = () => {}) {
		this.#host = host;
		this.#maxCallMs = limits.maxCallMs;
		this.#running = new RunningCalls(host, limits, onLeft);
	}

	/** What runs on this node, whichever the service. */
	get admission(): Admission {
		return this.#running.admission;
	}

	/** Calls that did not get as far as their input. */
	get refused(): number {
		return this.#refused;
	}

	/** Aborts every call that runs and settles it with the reason. */
	abort(reason: BusError): void {
		this.#running.endAll(reason);
	}

	/** Whether a call of this caller has no outcome yet. */
	isRunning(from: Jid, callId: string): boolean {
		return this.#running.has(keyOf(from, callId));
	}

	/** The caller, and nobody else, gives a call up. */
	cancel(from: Jid, callId: string): void {
		this.#running.end(keyOf(from, callId), new BusError("cancelled", "cancelled by the caller"));
	}

	/**
	 * Takes a call; `settle` gets the one outcome, unless the call is a copy of one that runs, or is refused while too much
	 * waits to be sent ({@link NodeHost.affords}). A copy of a `set` that has run does not run. Never throws.
	 */
	take(received: ReceivedCall, settle: (outcome: Outcome) => void): void {
		this.#take(received, settle, true);
	}

	/** @param mayWait whether it is looked at again if its service is being registered */
	#take(received: ReceivedCall, settle: (outcome: Outcome) => void, mayWait: boolean): void {
		const { from, callId, payload, kind } = received;
		const key = keyOf(from, callId);
		if (this.#running.has(key)) {
			// An answer to the copy would be taken for the answer to the call.
			const message = `a copy of a call from ${from} was ignored: the first still runs`;
			this.#copies.say((more) => this.#host.log.debug(`${message}${more}`));
			return;
		}
		let refusedTo = from;
		let head: CallHead | undefined;
		try {
			const sender = from.bare().toString();
			const name = kind === "set" ? digestOf(key) : undefined;
			if (name !== undefined && this.#ran.has(sender, name)) throw copyOfEnded();
			head = decodeCallHead(payload);
			const checked = checkCall(this.#host, received, head, this.#maxCallMs);
			refusedTo = checked.call.caller;
			const account = refusedTo.bare().toString();
			this.#running.start({ ...checked, key, account }, (outcome) => {
				if (name !== undefined && mayHaveRun(outcome)) this.#ran.add(sender, name);
				settle(outcome);
			});
		} catch (error) {
			if (mayWait && head !== undefined && this.#wait(received, head, settle)) return;
			this.#refused++;
			if (this.#host.affords(refusedTo)) settle({ error: BusError.from(error) });
		}
	}

	/** What overtook the rules of its service is looked at again when they are there. @returns whether it will be */
	#wait(received: ReceivedCall, head: CallHead, settle: (outcome: Outcome) => void): boolean {
		const rules = this.#host.directory.find(head.fn, head.version)?.served.rules;
		if (rules === undefined) return false;
		const key = keyOf(received.from, received.callId);
		const callOff = this.#early.wait(rules, received, (later) => {
			this.#running.release(key);
			this.#take(later, settle, false);
		});
		if (callOff === undefined) return false;
		this.#running.hold(key, ({ code, message }) => {
			callOff();
			this.#running.release(key);
			settle({ error: new BusError(code, message, { executed: "no" }) });
		});
		return true;
	}

	/**
	 * Runs a call that a domain has leased to an instance of this node. What is wrong with it is its outcome, too.
	 * @param name unique among calls that run here
	 * @param settle as for {@link take}; not called before this returns
	 * @param left called when the handler is done, which may be later
	 * @returns what aborts it. @throws BusError `overloaded`, `unavailable`: it cannot run here now
	 */
	runLeased(
		received: Omit<ReceivedCall, "kind">,
		name: string,
		settle: (outcome: Outcome) => void,
		left: () => void,
	): (reason: BusError) => void {
		const key = `\n${name}`;
		let checked: CheckedCall;
		try {
			const head = decodeCallHead(received.payload);
			checked = checkCall(this.#host, { ...received, kind: this.#kindOf(head) }, head, this.#maxCallMs);
		} catch (thrown) {
			const error = BusError.from(thrown);
			if (error.code === "unavailable") throw error;
			this.#refused++;
			queueMicrotask(() => {
				left();
				settle({ error });
			});
			return () => {};
		}
		// Its domain sees to it that none of its callers takes the places of all others.
		return this.#running.start({ ...checked, key, account: key }, settle, left);
	}

	/** How a function is called that is served here. */
	#kindOf({ fn, version }: CallHead): FunctionKind {
		const subject = this.#host.directory.find(fn, version);
		const contract = subject?.kind === "function" ? subject.served.service.functions[subject.fn] : undefined;
		return contract?.kind ?? "set";
	}
}

/** What the first came to is not kept, so `executed` is open. */
function copyOfEnded(): BusError {
	const message = "a call with this id has run a short while ago and is not run again: give each call an id of its own";
	return new BusError("conflict", message, { executed: "unknown" });
}

function mayHaveRun(outcome: Outcome): boolean {
	return "reply" in outcome || outcome.error.executed !== "no";
}

/** The id of a call is unique for its caller only. An address holds no line break. */
function keyOf(from: Jid, callId: string): string {
	return `${from}\n${callId}`;
}
