import type { FunctionContract, FunctionKind } from "@antiphon/contract";
import { BusError, type CallHead, decodeCallHead, type Jid } from "@antiphon/protocol";
import { Admission } from "../bounds/admission.js";
import { BACKLOG, tooMuchToSend } from "../bounds/backlog.js";
import { Complaints } from "../bounds/complaints.js";
import type { NodeLimits } from "../bounds/limits.js";
import { digestOf, RecentCalls } from "../bounds/recent-calls.js";
import { Seldom } from "../bounds/seldom.js";
import { CallAbort } from "../calls/call-abort.js";
import type { AdmittedCall, Outcome, ReceivedCall } from "../calls/call-outcome.js";
import { isVersionOf, type ServedService, type ServedSubject, type Subject } from "../host/directory.js";
import type { NodeHost } from "../host/node-host.js";
import { EarlyCalls } from "./early-calls.js";

/** How often the log tells of copies. */
const COPIES_EVERY_MS = 1_000;

/** A call that has its places, which are counted for this account. */
interface Admitted {
	readonly call: AdmittedCall;
	readonly served: ServedService;
	/** In the table of open calls. */
	readonly key: string;
	readonly account: string;
}

/**
 * The provider's half of a call: check, admit, run, settle. Each call gets exactly one outcome, by its deadline at
 * the latest. A handler that goes on after that keeps its place until it is done, because what it uses, it still uses.
 */
export class CallServer {
	readonly #host: NodeHost;
	readonly #maxCallMs: number;
	/** What runs on this node, whichever the service. */
	readonly admission: Admission;
	#refused = 0;
	/** Calls that have no outcome yet, by caller and id: each the function that ends it. */
	readonly #open = new Map<string, (reason: BusError) => void>();
	/** Calls of a `set` that have run. A `get` does no harm when it runs again. */
	readonly #ran = new RecentCalls();

	readonly #complaints: Complaints;
	readonly #copies = new Seldom(COPIES_EVERY_MS);
	readonly #early = new EarlyCalls();

	constructor(host: NodeHost, limits: NodeLimits) {
		this.#host = host;
		this.#maxCallMs = limits.maxCallMs;
		this.#complaints = new Complaints(host.log);
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

	/** Whether a call of this caller has no outcome yet. */
	isRunning(from: Jid, callId: string): boolean {
		return this.#open.has(keyOf(from, callId));
	}

	/** The caller, and nobody else, gives a call up. */
	cancel(from: Jid, callId: string): void {
		this.#open.get(keyOf(from, callId))?.(new BusError("cancelled", "cancelled by the caller"));
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
		if (this.#open.has(key)) {
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
			const checked = this.#check(received, head);
			refusedTo = checked.call.caller;
			const account = refusedTo.bare().toString();
			this.#admit(checked.served, account);
			this.#start({ ...checked, key, account }, (outcome) => {
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
			this.#open.delete(key);
			this.#take(later, settle, false);
		});
		if (callOff === undefined) return false;
		this.#open.set(key, ({ code, message }) => {
			callOff();
			this.#open.delete(key);
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
		let checked: { readonly call: AdmittedCall; readonly served: ServedService };
		try {
			const head = decodeCallHead(received.payload);
			checked = this.#check({ ...received, kind: this.#kindOf(head) }, head);
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
		this.#admit(checked.served, key);
		return this.#start({ ...checked, key, account: key }, settle, left);
	}

	/** @throws BusError: what is wrong with a call before its input is looked at */
	#check(received: ReceivedCall, head: CallHead): { call: AdmittedCall; served: ServedService } {
		const subject = this.#subject(received, head);
		if (subject.kind !== "function") {
			throw new BusError("unimplemented", `${head.fn} is a service; call service.function`);
		}
		const { served, fn: fnName } = subject;
		const { name, version, functions } = served.service;
		const caller = callerOf(received.from, head, served);
		served.requireCaller(caller, fnName);
		const fn = functions[fnName] as FunctionContract;
		if (received.kind !== fn.kind) {
			throw new BusError("invalid-argument", `${head.fn} is a ${fn.kind}: ask with an iq of type ${fn.kind}`);
		}
		if (!isVersionOf(version, head.version)) {
			const message = `version ${head.version} of ${name} was asked for; ${this.#versionsAt(received.to, name)} served here`;
			throw new BusError("unimplemented", message);
		}
		if (head.ttlMs === 0) {
			throw new BusError("deadline-exceeded", "the call arrived after its deadline", { executed: "no" });
		}
		const deadlineMs = performance.now() + Math.min(head.ttlMs, this.#maxCallMs);
		return { call: { ...received, head, caller, fn, fnName, deadlineMs }, served };
	}

	/** How a function is called that is served here. */
	#kindOf({ fn, version }: CallHead): FunctionKind {
		const subject = this.#host.directory.find(fn, version);
		const contract = subject?.kind === "function" ? subject.served.service.functions[subject.fn] : undefined;
		return contract?.kind ?? "set";
	}

	/** What is called: the address and `fn` must agree. */
	#subject({ from, to }: ReceivedCall, { fn, version }: CallHead): ServedSubject {
		const { directory, ownedDomain } = this.#host;
		const addressed = directory.resolve(to, undefined, ownedDomain, version);
		if (addressed === undefined) throw this.#absent(from, to.local, to.resource, `nobody serves ${to} here`);
		// Of an instance's address in a domain, that instance; of a node's own it is no part of what is meant.
		const named = directory.find(fn, version, addressed.kind === "node" ? undefined : to.resource);
		if (named === undefined) throw this.#absent(from, fn, undefined, `${fn} is not served here`);
		if (!agrees(addressed, named)) throw new BusError("invalid-argument", `fn is ${fn}, but the call went to ${to}`);
		return named;
	}

	/** With its verb: `1.4.0 is`, `2.0.0, 1.4.0 are`. */
	#versionsAt({ domain, resource }: Jid, service: string): string {
		const { directory, ownedDomain } = this.#host;
		const instance = domain === ownedDomain ? resource : undefined;
		const there = directory
			.majors(service)
			.filter((each) => instance === undefined || each.instances().includes(instance))
			.map((each) => each.service.version);
		return `${there.join(", ")} ${there.length > 1 ? "are" : "is"}`;
	}

	/** Whoever calls a function that is not there learns whether its service is. */
	#absent(from: Jid, fn: string | undefined, instance: string | undefined, message: string): BusError {
		const { directory } = this.#host;
		const service = fn === undefined || directory.find(fn) !== undefined ? undefined : directory.serviceOf(fn);
		const isHere = service !== undefined && (instance === undefined || service.instances().includes(instance));
		return isHere ? new BusError("unimplemented", message) : directory.absence(fn ?? "", from, message);
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

	/** @returns what ends it */
	#start(
		{ call, served, key, account }: Admitted,
		settle: (outcome: Outcome) => void,
		left = () => {},
	): (reason: BusError) => void {
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
		};
		// A handler can throw what cannot even be looked at; its place and its caller must not be lost with it.
		const onBroken = (thrown: unknown) => {
			this.#complaints.about(call.fn, head.fn, false, thrown);
			done({ error: new BusError("internal", "internal error", { executed: "unknown" }) });
		};
		void served.run(call, abort).then(done, onBroken);
		return end;
	}
}

function agrees(addressed: Subject, named: ServedSubject): boolean {
	if (addressed.kind === "node") return true;
	if (addressed.served.service.name !== named.served.service.name) return false;
	return addressed.kind === "service" || (named.kind === "function" && addressed.fn === named.fn);
}

/** Who makes a call: who sent it, unless that is a domain which passes it on. @throws BusError `forbidden` */
function callerOf(sender: Jid, head: CallHead, served: ServedService): Jid {
	if (head.for === undefined) return sender;
	if (served.trusts(sender)) return head.for;
	throw new BusError("forbidden", `${sender.bare()} may not make calls for ${head.for.bare()}`);
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
