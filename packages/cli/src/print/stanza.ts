import { styleText } from "node:util";
import { decodePayload, escaped, NS } from "@antiphon/protocol";
import { type Element, escapeAttribute, escapeText } from "@antiphon/xml";

const MAX_TEXT_CHARS = 2_000;

/** A stanza over several lines, for people. Values in msgpack are shown as JSON, in a comment. */
export function stanzaLines(stanza: Element): string[] {
	return linesOf(stanza, NS.client, "");
}

/** @param outerNs the namespace in force outside, which need not be repeated */
function linesOf(element: Element, outerNs: string, indent: string): string[] {
	const attributes = element.ns === outerNs ? [] : [attribute("xmlns", element.ns)];
	for (let i = 0; i < element.attributes.length; i += 2) {
		attributes.push(attribute(element.attributes[i] ?? "", element.attributes[i + 1] ?? ""));
	}
	const name = styleText("cyan", escaped(element.name));
	const head = [`${indent}<${name}`, ...attributes].join(" ");
	if (element.children.length === 0) return [`${head}/>`];
	const elements = element.elements();
	if (elements.length === 0)
		return [`${head}>${escaped(escapeText(cut(element.text())))}</${name}>${decoded(element)}`];
	return [`${head}>`, ...elements.flatMap((child) => linesOf(child, element.ns, `${indent}  `)), `${indent}</${name}>`];
}

function attribute(name: string, value: string): string {
	return `${styleText("yellow", escaped(name))}='${escaped(escapeAttribute(value))}'`;
}

function decoded(element: Element): string {
	if (element.attr("enc") !== "msgpack") return "";
	try {
		return styleText(
			"gray",
			` <!-- ${escaped(cut(JSON.stringify(decodePayload("msgpack", element.text())) ?? "nothing"))} -->`,
		);
	} catch {
		return styleText("gray", " <!-- malformed -->");
	}
}

function cut(text: string): string {
	return text.length > MAX_TEXT_CHARS ? `${text.slice(0, MAX_TEXT_CHARS)}…` : text;
}
