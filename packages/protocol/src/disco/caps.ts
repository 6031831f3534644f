import { createHash } from "node:crypto";
import { type Element, xml } from "@antiphon/xml";
import { NS } from "../namespaces.js";

/** What presence says about disco#info (XEP-0115): a hash of it, under a name for the software. */
export interface Capabilities {
	/** A URI of the software. `node#ver` is the disco node that answers with what was hashed. */
	readonly node: string;
	readonly ver: string;
}

/** `<c/>`, for presence. */
export function encodeCapabilities({ node, ver }: Capabilities): Element {
	return xml("c", NS.caps, { hash: "sha-1", node, ver });
}

/**
 * The verification string of a `<query/>` of disco#info, with SHA-1 in base64: made by section 5.1 of XEP-0115, and
 * checked by section 5.4. It does not depend on the order in which anything stands.
 * @returns `undefined` for what is ill-formed: an identity, feature or type of form that comes twice, a form of two types
 */
export function capabilityHash(query: Element): string | undefined {
	const identities = query.elements("identity", NS.discoInfo).map(identityKey).sort(byOctets);
	const features = query
		.elements("feature", NS.discoInfo)
		.map((feature) => feature.attr("var") ?? "")
		.sort(byOctets);
	const forms = query
		.elements("x", NS.dataForms)
		.map((form) => ({ form, types: typesOf(form) }))
		.filter(({ types }) => types.length > 0)
		.sort(({ types: [a = ""] }, { types: [b = ""] }) => byOctets(a, b));
	const types = forms.flatMap(({ types }) => types);
	if (forms.some(({ types }) => types.length > 1)) return undefined;
	if (hasTwins(identities) || hasTwins(features) || hasTwins(types)) return undefined;
	const factors = [
		...identities.map((key) => key.replaceAll(SEPARATOR, "/")),
		...features,
		...forms.flatMap(({ types, form }) => [...types, ...fieldsOf(form)]),
	];
	return createHash("sha1")
		.update(factors.map((factor) => `${factor}<`).join(""), "utf8")
		.digest("base64");
}

/** Lower than whatever an attribute may hold, so that identities are sorted by category, then type, language and name. */
const SEPARATOR = "\0";

function identityKey(identity: Element): string {
	return ["category", "type", "xml:lang", "name"].map((name) => identity.attr(name) ?? "").join(SEPARATOR);
}

const FORM_TYPE = "FORM_TYPE";

/** What a form says that it is: nothing where FORM_TYPE is absent or not hidden, and the form does not count then. */
function typesOf(form: Element): string[] {
	const field = form
		.elements("field", NS.dataForms)
		.find((each) => each.attr("var") === FORM_TYPE && each.attr("type") === "hidden");
	return field === undefined ? [] : [...new Set(valuesOf(field))];
}

/** Each field with its values behind it, sorted by its name. */
function fieldsOf(form: Element): string[] {
	return form
		.elements("field", NS.dataForms)
		.filter((field) => field.attr("var") !== FORM_TYPE)
		.map((field) => [field.attr("var") ?? "", ...valuesOf(field).sort(byOctets)])
		.sort((a, b) => byOctets(a[0] as string, b[0] as string) || byOctets(a.join("<"), b.join("<")))
		.flat();
}

function valuesOf(field: Element): string[] {
	return field.elements("value", NS.dataForms).map((value) => value.text());
}

/** The collation i;octet (RFC 4790, section 9.3). UTF-16 would put U+FFFD behind U+1F600. */
function byOctets(a: string, b: string): number {
	return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function hasTwins(sorted: readonly string[]): boolean {
	return sorted.some((each, i) => i > 0 && each === sorted[i - 1]);
}
