import { type Element, xml } from "@antiphon/xml";
import { boundedNumber } from "./attributes.js";
import { codeIn, cutMessage } from "./error-line.js";
import { BusError, type BusErrorCode } from "./errors.js";
import { NS } from "./namespaces.js";
import { decodeInstance, decodeInstanceName, decodeService, type InstanceName } from "./registration.js";
import { decodeInstance as decodeLine, encodeInstance as encodeLine, type Instance } from "./resolution.js";

/** An instance as an administrator sees it. */
export interface RegisteredInstance extends Instance {
	readonly service: string;
	/** How long it has been registered, in milliseconds. */
	readonly registeredMs: number;
	/** How long ago its node was last heard of, in milliseconds. */
	readonly heardMs: number;
}

/** What an administrator asks of the registry: all of it, a page at a time. */
export interface NodesRequest {
	/** The last of the page before. */
	readonly after: InstanceName | undefined;
}

/** A page of what is registered, in the order of service and instance. */
export interface Nodes {
	readonly instances: readonly RegisteredInstance[];
	/** Whether there are more behind the last one. */
	readonly more: boolean;
}

/** What is to be drained: an instance of one service, or of all that it serves. */
export interface DrainRequest {
	readonly service: string | undefined;
	readonly instance: string;
}

/** An instance that was asked to drain, and what went wrong. */
export interface DrainOutcome extends InstanceName {
	readonly failure: { readonly code: BusErrorCode; readonly message: string } | undefined;
}

/** Instances on one page. */
export const MAX_NODES = 256;
const MAX_MS = 1e15 - 1;
/** Instances that one request drains: the services of a name. */
export const MAX_DRAINED = 1024;

/** The empty element stands for the first page. */
export function encodeNodesRequest({ after }: NodesRequest): Element {
	return xml("nodes", NS.stats, { service: after?.service, instance: after?.instance });
}

/** @throws BusError `invalid-argument` */
export function decodeNodesRequest(element: Element): NodesRequest {
	const isFirst = element.attr("service") === undefined && element.attr("instance") === undefined;
	return { after: isFirst ? undefined : decodeInstanceName(element) };
}

export function encodeNodes({ instances, more }: Nodes): Element {
	const lines = instances.map(({ service, registeredMs, heardMs, ...instance }) =>
		encodeLine(instance, NS.stats, { service, registered: millis(registeredMs), heard: millis(heardMs) }),
	);
	return xml("nodes", NS.stats, { more: String(more) }, ...lines);
}

/** @throws BusError `protocol` */
export function decodeNodes(element: Element | undefined): Nodes {
	const instances = linesOf(element, "nodes", MAX_NODES).map((line) => {
		const instance = decodeLine(line);
		if (instance === undefined) throw malformed("an <instance/> of the answer is malformed");
		const number = (name: string) => boundedNumber(line, name, 0, MAX_MS, "protocol");
		const service = decodeService(line, "protocol");
		return { ...instance, service, registeredMs: number("registered"), heardMs: number("heard") };
	});
	return { instances, more: element?.attr("more") === "true" };
}

export function encodeDrain({ service, instance }: DrainRequest): Element {
	return xml("drain", NS.stats, { service, instance });
}

/** @throws BusError `invalid-argument` */
export function decodeDrain(element: Element): DrainRequest {
	const service = element.attr("service") === undefined ? undefined : decodeService(element);
	return { service, instance: decodeInstance(element) };
}

export function encodeDrained(outcomes: readonly DrainOutcome[]): Element {
	const lines = outcomes.map(({ service, instance, failure }) =>
		xml("instance", NS.stats, { service, instance, code: failure?.code }, cutMessage(failure?.message ?? "")),
	);
	return xml("drained", NS.stats, {}, ...lines);
}

/** @throws BusError `protocol` */
export function decodeDrained(element: Element | undefined): DrainOutcome[] {
	return linesOf(element, "drained", MAX_DRAINED).map((line) => ({
		...decodeInstanceName(line, "protocol"),
		failure: line.attr("code") === undefined ? undefined : { code: codeIn(line), message: cutMessage(line.text()) },
	}));
}

function linesOf(element: Element | undefined, name: string, max: number): Element[] {
	if (!element?.is(name, NS.stats)) throw malformed(`the answer is no <${name}/>`);
	const lines = element.elements("instance", NS.stats);
	if (lines.length > max) throw malformed(`the answer names more than ${max} instances`);
	return lines;
}

const millis = (ms: number) => String(Math.max(0, Math.round(ms)));

const malformed = (message: string) => new BusError("protocol", message);
