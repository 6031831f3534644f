import { type Element, xml } from "@antiphon/xml";
import { NS } from "../namespaces.js";

export type IqType = "get" | "set" | "result" | "error";

export interface StanzaAddress {
	readonly to?: string | undefined;
	readonly from?: string | undefined;
	readonly id?: string | undefined;
}

/** Is this `<iq/>`, `<message/>` or `<presence/>` (RFC 6120, section 8)? */
export function isStanza(element: Element): boolean {
	return (
		element.ns === NS.client && (element.name === "iq" || element.name === "message" || element.name === "presence")
	);
}

export function iq(type: IqType, address: StanzaAddress, payload?: Element): Element {
	return xml("iq", NS.client, { type, id: address.id, to: address.to, from: address.from }, payload);
}

export function message(address: StanzaAddress & { readonly type?: string }, ...children: Element[]): Element {
	const { id, to, from, type } = address;
	return xml("message", NS.client, { type, id, to, from }, ...children);
}

export function presence(address: StanzaAddress & { readonly type?: string }, ...children: Element[]): Element {
	const { id, to, from, type } = address;
	return xml("presence", NS.client, { type, id, to, from }, ...children);
}

/** The result of an `iq` get or set: from and to exchanged, the id kept (RFC 6120, section 8.2.3). */
export function resultOf(request: Element, payload?: Element): Element {
	return iq("result", answering(request), payload);
}

/** Where the answer to a stanza goes. */
export function answering(request: Element): StanzaAddress {
	return { to: request.attr("from"), from: request.attr("to"), id: request.attr("id") };
}
