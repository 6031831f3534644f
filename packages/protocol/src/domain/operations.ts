import { type Element, xml } from "@antiphon/xml";
import { encodePagePosition, encodePageRequest, type PagePosition } from "../disco/result-set.js";
import { BusError, type BusErrorCode } from "../errors.js";
import { NS } from "../namespaces.js";
import { boundedNumber } from "./attributes.js";
import { codeIn, cutMessage } from "./error-line.js";
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

/** Of what is registered, the instances of a service, those of a name, or both. */
export interface NodesRequest {
	readonly service?: string | undefined;
	readonly instance?: string | undefined;
}

/** @param after the UID of the last instance of the page before (XEP-0059): `service/instance` */
export function encodeNodesRequest(after?: string, { service, instance }: NodesRequest = {}): Element {
	const page = after === undefined ? undefined : encodePageRequest({ after });
	return xml("nodes", NS.stats, { service, instance }, page);
}

/** Without the page. @throws BusError `invalid-argument` */
export function decodeNodesRequest(element: Element): NodesRequest {
	return {
		service: element.attr("service") === undefined ? undefined : decodeService(element),
		instance: element.attr("instance") === undefined ? undefined : decodeInstance(element),
	};
}

/** A page of what is registered. */
export function encodeNodes(instances: readonly RegisteredInstance[], position?: PagePosition): Element {
	const lines = instances.map(({ service, registeredMs, heardMs, ...instance }) =>
		encodeLine(instance, NS.stats, { service, registered: millis(registeredMs), heard: millis(heardMs) }),
	);
	return xml("nodes", NS.stats, {}, ...lines, position && encodePagePosition(position));
}

/** @throws BusError `protocol` */
export function decodeNodes(element: Element | undefined): RegisteredInstance[] {
	return linesOf(element, "nodes", MAX_NODES).map((line) => {
		const instance = decodeLine(line);
		if (instance === undefined) throw malformed("an <instance/> of the answer is malformed");
		const number = (name: string) => boundedNumber(line, name, 0, MAX_MS, "protocol");
		const service = decodeService(line, "protocol");
		return { ...instance, service, registeredMs: number("registered"), heardMs: number("heard") };
	});
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
