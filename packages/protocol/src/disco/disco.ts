import { type Element, serialize, xml } from "@antiphon/xml";
import { NS } from "../namespaces.js";
import { type DataForm, decodeDataForm, encodeDataForm } from "./data-form.js";
import { encodePagePosition, type PagePosition } from "./result-set.js";

/** XEP-0030, section 3.1: what an entity is. Categories and types are registered by the XSF. */
export interface Identity {
	readonly category: string;
	readonly type: string;
	readonly name?: string | undefined;
	/** The language of the name (`xml:lang`). */
	readonly lang?: string | undefined;
}

/** The answer to disco#info (XEP-0030), with forms (XEP-0128). */
export interface DiscoInfo {
	readonly identities: readonly Identity[];
	readonly features: readonly string[];
	readonly forms: readonly DataForm[];
}

/** One line of the answer to disco#items. */
export interface DiscoItem {
	readonly jid: string;
	readonly node?: string | undefined;
	readonly name?: string | undefined;
}

/** @param node the node that was asked for, mirrored */
export function encodeDiscoInfo(info: DiscoInfo, node: string | undefined): Element {
	return xml(
		"query",
		NS.discoInfo,
		{ node },
		...info.identities.map(({ category, type, name, lang }) =>
			xml("identity", NS.discoInfo, { "xml:lang": lang, category, type, name }),
		),
		...[...new Set(info.features)].sort().map((feature) => xml("feature", NS.discoInfo, { var: feature })),
		...info.forms.map(encodeDataForm),
	);
}

/** Reads a `<query/>` of disco#info. What is malformed inside is left out. */
export function decodeDiscoInfo(query: Element): DiscoInfo {
	return {
		identities: query.elements("identity", NS.discoInfo).flatMap((element) => {
			const category = element.attr("category");
			const type = element.attr("type");
			if (category === undefined || type === undefined) return [];
			return [{ category, type, name: element.attr("name"), lang: element.attr("xml:lang") }];
		}),
		features: query.elements("feature", NS.discoInfo).flatMap((element) => element.attr("var") ?? []),
		forms: query.elements("x", NS.dataForms).flatMap((element) => decodeDataForm(element) ?? []),
	};
}

/**
 * @param node the node that was asked for, mirrored
 * @param page where these items stand among all of them, if not everything is here
 */
export function encodeDiscoItems(
	items: readonly DiscoItem[],
	node: string | undefined,
	page?: PagePosition | undefined,
): Element {
	const set = page === undefined ? undefined : encodePagePosition(page);
	return xml("query", NS.discoItems, { node }, ...items.map(encodeDiscoItem), set);
}

/** What an item takes in the answer. */
export function discoItemBytes(item: DiscoItem): number {
	return Buffer.byteLength(serialize(encodeDiscoItem(item), NS.discoItems));
}

function encodeDiscoItem({ jid, node, name }: DiscoItem): Element {
	return xml("item", NS.discoItems, { jid, node, name });
}

/** Reads a `<query/>` of disco#items. Items without a JID are left out. */
export function decodeDiscoItems(query: Element): DiscoItem[] {
	return query.elements("item", NS.discoItems).flatMap((element) => {
		const jid = element.attr("jid");
		return jid === undefined ? [] : [{ jid, node: element.attr("node"), name: element.attr("name") }];
	});
}
