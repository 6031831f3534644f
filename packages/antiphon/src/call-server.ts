import { type FunctionContract, isServedBy } from "@antiphon/contract";
import { BusError, type CallHead, decodeCallHead, NS } from "@antiphon/protocol";
import type { Element } from "@antiphon/xml";
import { Admission } from "./admission.js";
import { CallAbort } from "./call-abort.js";
import type { Served } from "./directory.js";
import type { NodeLimits } from "./limits.js";
import type { Incoming, NodeHost } from "./node-host.js";
import { type AdmittedCall, errorAnswer, runHandler } from "./run-handler.js";

/**
 * The provider's half of a call: check, admit, run, answer. Each `<call/>` gets exactly one answer, by its deadline at
 * the latest. A handler that goes on after that keeps its place until it is done, because what it uses, it still uses.
 */
export class CallServer {
	readonly #host: NodeHost;
	/** What runs on this node, whichever the service. */
	readonly admission: Admission;
	/** Calls that have no answer yet, by caller and id: each the function that ends it. */
	readonly #open = new Map<string, (reason: BusError) => void>();

	constructor(host: NodeHost, limits: NodeLimits) {
		this.#host = host;
		this.admission = new Admission("this node", limits.maxCallsIn, limits.maxCallsInPerPeer);
		host.feature(NS.rpc);
	}

	/** Aborts every call that runs and answers it with the reason. */
	abort(reason: BusError): void {
		for (const end of [...this.#open.values()]) end(reason);
	}

	/** The caller, and nobody else, gives a call up. */
	cancel({ from, payload }: Incoming): void {
		this.#open.get(keyOf(from.toString(), payload.attr("id")))?.(new BusError("cancelled", "cancelled by the caller"));
	}

	/** Takes a call; `reply` gets the one answer. Never throws. */
	handle(incoming: Incoming, reply: (answer: Element) => void): void {
		const key = keyOf(incoming.from.toString(), incoming.stanza.attr("id"));
		if (this.#open.has(key)) {
			// An answer to the copy would be taken for the answer to the call.
			this.#host.log.debug(`a copy of a call from ${incoming.from} was ignored: the first still runs`);
			return;
		}
		let head: CallHead | undefined;
		try {
			head = decodeCallHead(incoming.payload);
			const call = this.#check(incoming, head);
			this.#admit(call);
			this.#start(key, call, reply);
		} catch (error) {
			reply(errorAnswer(incoming.stanza, BusError.from(error), head));
		}
	}

	/** @throws BusError: what is wrong with a call before its input is looked at */
	#check(incoming: Incoming, head: CallHead): AdmittedCall {
		const subject = this.#subject(incoming, head.fn);
		if (subject.kind !== "function") {
			throw new BusError("unimplemented", `${head.fn} is a service; call service.function`);
		}
		const { served, fn: fnName } = subject;
		const { name, version, functions } = served.service;
		const fn = functions[fnName] as FunctionContract;
		if (incoming.stanza.attr("type") !== fn.kind) {
			throw new BusError("invalid-argument", `${head.fn} is a ${fn.kind}: ask with an iq of type ${fn.kind}`);
		}
		if (head.version !== undefined && head.version !== version && !isServedBy(head.version, version)) {
			const message = `version ${head.version} of ${name} was asked for; ${version} is served here`;
			throw new BusError("unimplemented", message);
		}
		if (head.ttlMs === 0) {
			throw new BusError("deadline-exceeded", "the call arrived after its deadline", { executed: "no" });
		}
		return { incoming, head, served, fn, fnName, deadlineMs: performance.now() + head.ttlMs };
	}

	/** What is called: the address and `fn` must agree. */
	#subject({ to }: Incoming, fn: string): Served {
		const { directory, ownedDomain } = this.#host;
		const addressed = directory.resolve(to, undefined, ownedDomain);
		if (addressed === undefined) throw new BusError("not-found", `nobody serves ${to} here`);
		const named = directory.find(fn);
		if (named === undefined) {
			const isKnown = directory.find(fn.slice(0, fn.lastIndexOf("."))) !== undefined;
			throw new BusError(isKnown ? "unimplemented" : "not-found", `${fn} is not served here`);
		}
		const agrees =
			addressed.kind === "node" ||
			(addressed.kind === "service" ? addressed.served === named.served : addressed === named);
		if (!agrees) throw new BusError("invalid-argument", `fn is ${fn}, but the call went to ${to}`);
		return named;
	}

	/** Takes a place at the service and at the node. @throws BusError `overloaded`, `unavailable` */
	#admit({ served, incoming }: AdmittedCall): void {
		const from = incoming.from.toString();
		served.admission.enter(from);
		try {
			this.admission.enter(from);
		} catch (error) {
			served.admission.leave(from);
			throw error;
		}
	}

	#leave({ served, incoming }: AdmittedCall): void {
		const from = incoming.from.toString();
		served.admission.leave(from);
		this.admission.leave(from);
	}

	#start(key: string, call: AdmittedCall, reply: (answer: Element) => void): void {
		const { head, incoming } = call;
		const abort = new CallAbort();
		const answer = (element: Element) => {
			if (this.#open.get(key) !== end) return;
			this.#open.delete(key);
			clearTimeout(timer);
			reply(element);
		};
		const end = (reason: BusError) => {
			answer(errorAnswer(incoming.stanza, reason, head));
			abort.abort(reason);
		};
		const timer = setTimeout(() => {
			end(new BusError("deadline-exceeded", `${head.fn} did not finish within ${head.ttlMs} ms`));
		}, head.ttlMs);
		this.#open.set(key, end);
		void runHandler(call, abort, this.#host.log).then((element) => {
			this.#leave(call);
			answer(element);
		});
	}
}

/** The id of an `iq` is unique for its sender only. An address holds no line break. */
function keyOf(from: string, id: string | undefined): string {
	return `${from}\n${id}`;
}
