import { type Element, xml } from "@antiphon/xml";
import { BusError } from "../errors.js";
import { NS } from "../namespaces.js";
import { boundedNumber } from "./attributes.js";

/** What a host of a domain says to the domain itself, and so to whoever hosts it (docs/protocol.md, "One host"). */
export interface Hosting {
	/** The host: what nobody else can guess, and the same as long as the process lives. */
	readonly id: string;
	/** Numbers what this host has said, upwards. */
	readonly number: number;
	/** For how long it has had the domain, in milliseconds; 0: it is about to take it. */
	readonly heldMs: number;
}

const ID = /^[A-Za-z0-9_-]{1,64}$/;
const MAX_NUMBER = 999_999_999_999_999;

export function encodeHosting({ id, number, heldMs }: Hosting): Element {
	return xml("hosting", NS.registry, { id, number: String(number), held: String(heldMs) });
}

/** @throws BusError `protocol` */
export function decodeHosting(element: Element): Hosting {
	const id = element.attr("id") ?? "";
	if (!ID.test(id)) throw new BusError("protocol", "id of <hosting/> must be 1 to 64 letters, digits, _ and -");
	const number = boundedNumber(element, "number", 0, MAX_NUMBER, "protocol");
	return { id, number, heldMs: boundedNumber(element, "held", 0, MAX_NUMBER, "protocol") };
}
