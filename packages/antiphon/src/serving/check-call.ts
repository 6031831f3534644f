import type { FunctionContract } from "@antiphon/contract";
import { BusError, type CallHead, type Jid } from "@antiphon/protocol";
import type { AdmittedCall, ReceivedCall } from "../calls/call-outcome.js";
import { isVersionOf, type ServedService, type ServedSubject, type Subject } from "../host/directory.js";
import type { NodeHost } from "../host/node-host.js";

/** A call that can be run here, once it has its places. */
export interface CheckedCall {
	readonly call: AdmittedCall;
	readonly served: ServedService;
}

/**
 * What is wrong with a call before its input is looked at: whether it is served here, to this caller, in this version.
 * @param maxCallMs the longest that a call may take, in milliseconds
 * @throws BusError
 */
export function checkCall(host: NodeHost, received: ReceivedCall, head: CallHead, maxCallMs: number): CheckedCall {
	const subject = subjectOf(host, received, head);
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
		const message = `version ${head.version} of ${name} was asked for; ${versionsAt(host, received.to, name)} served here`;
		throw new BusError("unimplemented", message);
	}
	if (head.ttlMs === 0) {
		throw new BusError("deadline-exceeded", "the call arrived after its deadline", { executed: "no" });
	}
	const deadlineMs = performance.now() + Math.min(head.ttlMs, maxCallMs);
	return { call: { ...received, head, caller, fn, fnName, deadlineMs }, served };
}

/** What is called: the address and `fn` must agree. */
function subjectOf(host: NodeHost, { from, to }: ReceivedCall, { fn, version }: CallHead): ServedSubject {
	const { directory, ownedDomain } = host;
	const addressed = directory.resolve(to, undefined, ownedDomain, version);
	if (addressed === undefined) throw absent(host, from, to.local, to.resource, `nobody serves ${to} here`);
	// Of an instance's address in a domain, that instance; of a node's own it is no part of what is meant.
	const named = directory.find(fn, version, addressed.kind === "node" ? undefined : to.resource);
	if (named === undefined) throw absent(host, from, fn, undefined, `${fn} is not served here`);
	if (!agrees(addressed, named)) throw new BusError("invalid-argument", `fn is ${fn}, but the call went to ${to}`);
	return named;
}

/** With its verb: `1.4.0 is`, `2.0.0, 1.4.0 are`. */
function versionsAt(host: NodeHost, { domain, resource }: Jid, service: string): string {
	const { directory, ownedDomain } = host;
	const instance = domain === ownedDomain ? resource : undefined;
	const there = directory
		.majors(service)
		.filter((each) => instance === undefined || each.instances().includes(instance))
		.map((each) => each.service.version);
	return `${there.join(", ")} ${there.length > 1 ? "are" : "is"}`;
}

/** Whoever calls a function that is not there learns whether its service is. */
function absent(
	host: NodeHost,
	from: Jid,
	fn: string | undefined,
	instance: string | undefined,
	message: string,
): BusError {
	const { directory } = host;
	const service = fn === undefined || directory.find(fn) !== undefined ? undefined : directory.serviceOf(fn);
	const isHere = service !== undefined && (instance === undefined || service.instances().includes(instance));
	return isHere ? new BusError("unimplemented", message) : directory.absence(fn ?? "", from, message);
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
