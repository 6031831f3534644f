import { type FunctionContract, isServedBy } from "@antiphon/contract";
import { BusError, type CallHead, decodeCallHead, type Jid } from "@antiphon/protocol";
import { Admission } from "./admission.js";
import { CallAbort } from "./call-abort.js";
import type { Outcome, ReceivedCall } from "./call-outcome.js";
import type { ServedSubject } from "./directory.js";
import type { NodeLimits } from "./limits.js";
import type { NodeHost } from "./node-host.js";
import { type AdmittedCall, runHandler } from "./run-handler.js";

/**
 * The provider's half of a call: check, admit, run, settle. Each call gets exactly one outcome, by its deadline at
 * the latest. A handler that goes on after that keeps its place until it is done, because what it uses, it still uses.
 */
export class CallServer {
	readonly #host: NodeHost;
	/** What runs on this node, whichever the service. */
	readonly admission: Admission;
	#refused = 0;
	/** Calls that have no outcome yet, by caller and id: each the function that ends it. */
	readonly #open = new Map<string, (reason: BusError) => void>();

	constructor(host: NodeHost, limits: NodeLimits) {
		this.#host = host;
		this.admission = new Admission("this node", limits.maxCallsIn, limits.maxCallsInPerPeer);
	}

	/** Calls that did not get as far as their input. */
	get refused(): number {
		return this.#refused;
	}

	/** Aborts every call that runs and settles it with the reason. */
	abort(reason: BusError): void {
		for (const end of [...this.#open.values()]) end(reason);
	}

	/** The caller, and nobody else, gives a call up. */
	cancel(from: Jid, callId: string): void {
		this.#open.get(keyOf(from, callId))?.(new BusError("cancelled", "cancelled by the caller"));
	}

	/** Takes a call; `settle` gets the one outcome, unless the call is a copy of one that runs. Never throws. */
	take(received: ReceivedCall, settle: (outcome: Outcome) => void): void {
		const { from, callId, payload } = received;
		const key = keyOf(from, callId);
		if (this.#open.has(key)) {
			// An answer to the copy would be taken for the answer to the call.
			this.#host.log.debug(`a copy of a call from ${from} was ignored: the first still runs`);
			return;
		}
		try {
			const call = this.#check(received, decodeCallHead(payload));
			this.#admit(call);
			this.#start(key, call, settle);
		} catch (error) {
			this.#refused++;
			settle({ error: BusError.from(error) });
		}
	}

	/** @throws BusError: what is wrong with a call before its input is looked at */
	#check(received: ReceivedCall, head: CallHead): AdmittedCall {
		const subject = this.#subject(received.to, head.fn);
		if (subject.kind !== "function") {
			throw new BusError("unimplemented", `${head.fn} is a service; call service.function`);
		}
		const { served, fn: fnName } = subject;
		const { name, version, functions } = served.service;
		const fn = functions[fnName] as FunctionContract;
		if (received.kind !== fn.kind) {
			throw new BusError("invalid-argument", `${head.fn} is a ${fn.kind}: ask with an iq of type ${fn.kind}`);
		}
		if (head.version !== undefined && head.version !== version && !isServedBy(head.version, version)) {
			const message = `version ${head.version} of ${name} was asked for; ${version} is served here`;
			throw new BusError("unimplemented", message);
		}
		if (head.ttlMs === 0) {
			throw new BusError("deadline-exceeded", "the call arrived after its deadline", { executed: "no" });
		}
		return { ...received, head, served, fn, fnName, deadlineMs: performance.now() + head.ttlMs };
	}

	/** What is called: the address and `fn` must agree. */
	#subject(to: Jid, fn: string): ServedSubject {
		const { directory, ownedDomain } = this.#host;
		const addressed = directory.resolve(to, undefined, ownedDomain);
		if (addressed === undefined) throw this.#absent(to.local, to.resource, `nobody serves ${to} here`);
		const named = directory.find(fn);
		if (named === undefined) throw this.#absent(fn, undefined, `${fn} is not served here`);
		const agrees =
			addressed.kind === "node" ||
			(addressed.kind === "service" ? addressed.served === named.served : addressed === named);
		if (!agrees) throw new BusError("invalid-argument", `fn is ${fn}, but the call went to ${to}`);
		return named;
	}

	/** Whoever calls a function that is not there learns whether its service is. */
	#absent(fn: string | undefined, instance: string | undefined, message: string): BusError {
		const { directory } = this.#host;
		const service = fn === undefined || directory.find(fn) !== undefined ? undefined : directory.serviceOf(fn);
		const isHere = service !== undefined && (instance === undefined || instance === service.instance);
		return new BusError(isHere ? "unimplemented" : "not-found", message);
	}

	/** Takes a place at the service and at the node. Counted by account: one may have as many resources as it likes. @throws BusError `overloaded`, `unavailable` */
	#admit({ served, from: caller }: AdmittedCall): void {
		const from = caller.bare().toString();
		served.admission.enter(from);
		try {
			this.admission.enter(from);
		} catch (error) {
			served.admission.leave(from);
			throw error;
		}
	}

	#leave({ served, from: caller }: AdmittedCall): void {
		const from = caller.bare().toString();
		served.admission.leave(from);
		this.admission.leave(from);
	}

	#start(key: string, call: AdmittedCall, settle: (outcome: Outcome) => void): void {
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
		const timer = setTimeout(() => {
			end(new BusError("deadline-exceeded", `${head.fn} did not finish within ${head.ttlMs} ms`));
		}, head.ttlMs);
		this.#open.set(key, end);
		void runHandler(call, abort, this.#host.log).then((outcome) => {
			this.#leave(call);
			settleOnce(outcome);
		});
	}
}

/** The id of a call is unique for its caller only. An address holds no line break. */
function keyOf(from: Jid, callId: string): string {
	return `${from}\n${callId}`;
}
