import { type Element, xml } from "@antiphon/xml";
import { encodePagePosition, encodePageRequest, type PagePosition } from "../disco/result-set.js";
import { BusError } from "../errors.js";
import { NS } from "../namespaces.js";
import { boundedNumber } from "./attributes.js";
import { decodeService } from "./registration.js";

/** The name of a service that a domain keeps for its owner (docs/protocol.md, "Operating a domain"). */
export interface KeptName {
	readonly service: string;
	/** Its owner, a bare JID. */
	readonly owner: string;
	/** For how long nothing of it has run, in milliseconds; 0 while something does. `undefined`: that is not known. */
	readonly unusedMs: number | undefined;
	/** Whether the configuration of the domain says whose it is. */
	readonly isFixed: boolean;
	/** Whether it has instances. */
	readonly isServed: boolean;
}

/** A name that is kept no more, and whose it was. */
export type FreedName = Pick<KeptName, "service" | "owner">;

/** Names on one page. */
export const MAX_KEPT_NAMES = 256;
const MAX_MS = 1e15 - 1;

/**
 * @param after the UID of the last name of the page before (XEP-0059): the name
 * @param service this one alone
 */
export function encodeNamesRequest(after?: string, service?: string): Element {
	return xml("names", NS.stats, { service }, after === undefined ? undefined : encodePageRequest({ after }));
}

/** Without the page. @returns the one name that is asked for, if it is one. @throws BusError `invalid-argument` */
export function decodeNamesRequest(element: Element): string | undefined {
	return element.attr("service") === undefined ? undefined : decodeService(element);
}

/** A page of the names that are kept. */
export function encodeNames(names: readonly KeptName[], position?: PagePosition): Element {
	const lines = names.map(({ service, owner, unusedMs, isFixed, isServed }) => {
		const unused = unusedMs === undefined ? undefined : String(Math.max(0, Math.round(unusedMs)));
		return xml("name", NS.stats, { service, owner, unused, fixed: String(isFixed), served: String(isServed) });
	});
	return xml("names", NS.stats, {}, ...lines, position && encodePagePosition(position));
}

/** @throws BusError `protocol` */
export function decodeNames(element: Element | undefined): KeptName[] {
	if (!element?.is("names", NS.stats)) throw malformed("the answer is no <names/>");
	const lines = element.elements("name", NS.stats);
	if (lines.length > MAX_KEPT_NAMES) throw malformed(`the answer has more than ${MAX_KEPT_NAMES} names`);
	return lines.map((line) => ({
		...ownedIn(line),
		unusedMs: line.attr("unused") === undefined ? undefined : boundedNumber(line, "unused", 0, MAX_MS, "protocol"),
		isFixed: line.attr("fixed") === "true",
		isServed: line.attr("served") === "true",
	}));
}

export function encodeFree(service: string): Element {
	return xml("free", NS.stats, { service });
}

/** @returns the name that is to be given up. @throws BusError `invalid-argument` */
export function decodeFree(element: Element): string {
	return decodeService(element);
}

export function encodeFreed({ service, owner }: FreedName): Element {
	return xml("freed", NS.stats, { service, owner });
}

/** @throws BusError `protocol` */
export function decodeFreed(element: Element | undefined): FreedName {
	if (!element?.is("freed", NS.stats)) throw malformed("the answer is no <freed/>");
	return ownedIn(element);
}

function ownedIn(line: Element): FreedName {
	const owner = line.attr("owner");
	if (!owner) throw malformed(`<${line.name}/> has no owner`);
	return { service: decodeService(line, "protocol"), owner };
}

const malformed = (message: string) => new BusError("protocol", message);
