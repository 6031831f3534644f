import { type Element, xml } from "@antiphon/xml";
import { flagIn } from "../delivery/attributes.js";
import { MAX_NUMBER } from "../delivery/items.js";
import { encodePagePosition, encodePageRequest, type PagePosition } from "../disco/result-set.js";
import { boundedNumber } from "../domain/attributes.js";
import { decodeService } from "../domain/registration.js";
import { BusError } from "../errors.js";
import { isQualifiedName, isVersion } from "../names.js";
import { NS } from "../namespaces.js";

/** Unsettled calls of a version of a function. */
export interface FunctionQueue {
	/** `service.function` */
	readonly fn: string;
	/** Of the contract that callers were built with. */
	readonly version: string;
	/** All of them: those that neither wait for an instance nor are leased are delayed, or behind others of their order key. */
	readonly open: number;
	readonly waiting: number;
	readonly leased: number;
	/** Instances that take such calls. */
	readonly pulling: number;
	/** How many unfinished calls these take together, of all functions of the service. */
	readonly credit: number;
}

/** How the queue of a domain is. */
export interface QueueState {
	readonly open: number;
	readonly leased: number;
	/** Whose outcomes are kept, with the dead letters. */
	readonly settled: number;
	readonly dead: number;
	/** Whether calls outlast the process of the domain. */
	readonly isDurable: boolean;
	/** What its journal takes, and what is left for it, in bytes. */
	readonly usedBytes: number;
	readonly freeBytes: number;
	/** Those of this page. */
	readonly functions: readonly FunctionQueue[];
}

/** Functions on one page. */
export const MAX_FUNCTION_QUEUES = 256;

/**
 * @param after the UID of the last function of the page before (XEP-0059): `service.function version`
 * @param service this one alone
 */
export function encodeQueuesRequest(after?: string, service?: string): Element {
	return xml("queues", NS.queue, { service }, after === undefined ? undefined : encodePageRequest({ after }));
}

/** Without the page. @returns the one service that is asked for, if it is one. @throws BusError `invalid-argument` */
export function decodeQueuesRequest(element: Element): string | undefined {
	return element.attr("service") === undefined ? undefined : decodeService(element);
}

export function encodeQueues(state: QueueState, position?: PagePosition): Element {
	const { open, leased, settled, dead, isDurable, usedBytes, freeBytes, functions } = state;
	const numbers = { open, leased, settled, dead, used: usedBytes, free: Math.min(freeBytes, MAX_NUMBER) };
	const lines = functions.map(({ fn, version, ...counts }) =>
		xml("function", NS.queue, { name: fn, v: version, ...texts(counts) }),
	);
	const attributes = { ...texts(numbers), durable: String(isDurable) };
	return xml("queues", NS.queue, attributes, ...lines, position && encodePagePosition(position));
}

/** @throws BusError `protocol` */
export function decodeQueues(element: Element | undefined): QueueState {
	if (!element?.is("queues", NS.queue)) throw malformed("the answer is no <queues/>");
	const lines = element.elements("function", NS.queue);
	if (lines.length > MAX_FUNCTION_QUEUES) throw malformed(`the answer has more than ${MAX_FUNCTION_QUEUES} functions`);
	const number = (name: string) => numberIn(element, name);
	return {
		open: number("open"),
		leased: number("leased"),
		settled: number("settled"),
		dead: number("dead"),
		isDurable: flagIn(element, "durable", "protocol"),
		usedBytes: number("used"),
		freeBytes: number("free"),
		functions: lines.map(functionIn),
	};
}

function functionIn(line: Element): FunctionQueue {
	const [fn = "", version = ""] = [line.attr("name"), line.attr("v")];
	if (!isQualifiedName(fn) || !isVersion(version)) throw malformed("a <function/> has no name, or no version");
	const number = (name: string) => numberIn(line, name);
	return {
		fn,
		version,
		open: number("open"),
		waiting: number("waiting"),
		leased: number("leased"),
		pulling: number("pulling"),
		credit: number("credit"),
	};
}

const numberIn = (element: Element, name: string) => boundedNumber(element, name, 0, MAX_NUMBER, "protocol");

function texts(numbers: Readonly<Record<string, number>>): Record<string, string> {
	return Object.fromEntries(Object.entries(numbers).map(([name, value]) => [name, String(Math.round(value))]));
}

const malformed = (message: string) => new BusError("protocol", message);
