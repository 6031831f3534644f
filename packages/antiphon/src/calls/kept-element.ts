import { type Element, parseElement } from "@antiphon/xml";

/** What has come in a stanza once and was kept: how large that may be was the business of the link that it came by. */
export function keptElement(text: string): Element {
	return parseElement(text, { maxStanzaBytes: Number.POSITIVE_INFINITY });
}
