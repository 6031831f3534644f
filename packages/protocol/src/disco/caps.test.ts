import { parseElement, xml } from "@antiphon/xml";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NS } from "../namespaces.js";
import { capabilityHash, encodeCapabilities } from "./caps.js";
import { encodeDiscoInfo } from "./disco.js";

const query = (inside: string) => parseElement(`<query xmlns='${NS.discoInfo}'>${inside}</query>`);
const identity = "<identity category='client' type='pc' name='Exodus 0.9.1'/>";
const feature = (name: string) => `<feature var='${name}'/>`;
const form = (type: string, inside = "", of = "hidden") =>
	`<x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE' type='${of}'>${type}</field>${inside}</x>`;
const value = (text: string) => `<value>${text}</value>`;

/** The four that both examples of the document have. */
const FEATURES = ["caps", "disco#info", "disco#items", "muc"]
	.map((name) => feature(`http://jabber.org/protocol/${name}`))
	.join("");

describe("the capability hash", () => {
	it("is that of the simple example of XEP-0115, section 5.2", () => {
		expect(capabilityHash(query(identity + FEATURES))).toBe("QgayPKawpkPSDYmwT/WM94uAlu0=");
	});

	it("is that of the complex example of XEP-0115, section 5.3: languages and a form", () => {
		const software = form(
			value("urn:xmpp:dataforms:softwareinfo"),
			`<field var='ip_version' type='text-multi'>${value("ipv4")}${value("ipv6")}</field>
			<field var='os'>${value("Mac")}</field><field var='os_version'>${value("10.5.1")}</field>
			<field var='software'>${value("Psi")}</field><field var='software_version'>${value("0.11")}</field>`,
		);
		const identities =
			"<identity xml:lang='en' category='client' name='Psi 0.11' type='pc'/><identity xml:lang='el' category='client' name='Ψ 0.11' type='pc'/>";
		expect(capabilityHash(query(identities + FEATURES + software))).toBe("q07IKJEyjvHSyhy//CH0CxmKi8w=");
	});

	it.each([
		["an identity that comes twice", identity + identity],
		["a feature that comes twice", identity + feature("a") + feature("b") + feature("a")],
		["two forms of one type", identity + form(value("urn:a")) + form(value("urn:a"))],
		["a form of two types", identity + form(value("urn:a") + value("urn:b"))],
	])("does not exist for %s", (_, inside) => {
		expect(capabilityHash(query(inside))).toBeUndefined();
	});

	it("takes no note of forms without a hidden type, and of a type that is said twice", () => {
		const plain = capabilityHash(query(identity));
		for (const ignored of [form(value("urn:a"), "", "text-single"), form(""), "<x xmlns='jabber:x:data'/>"]) {
			expect(capabilityHash(query(identity + ignored))).toBe(plain);
		}
		const once = capabilityHash(query(identity + form(value("urn:a"))));
		expect(capabilityHash(query(identity + form(value("urn:a") + value("urn:a"))))).toBe(once);
		expect(once).not.toBe(plain);
	});

	it("sorts by octets and not by UTF-16 code units", () => {
		// "\u{FFFD}" comes first in UTF-8, "\u{1F600}" in UTF-16.
		const features = ["\u{FFFD}", "\u{1F600}"];
		const sorted = capabilityHash(query(features.map(feature).join("")));
		expect(sorted).toBe("oATRqrS8LI9mA70d3TMAMM2hKjs=");
		expect(capabilityHash(query(features.reverse().map(feature).join("")))).toBe(sorted);
	});

	it("sorts identities by category, then by type, though a slash comes behind a hyphen", () => {
		const both = ["client", "client-x"].map((category) => `<identity category='${category}' type='pc'/>`);
		expect(capabilityHash(query(both.join("")))).toBe("7MQgsZ1cM/r2ln14dnePxomy5ag=");
	});

	const word = fc.string({ unit: "grapheme", maxLength: 6 });
	const info = fc.record({
		identities: fc.uniqueArray(fc.record({ category: word, type: word, name: word }), {
			maxLength: 4,
			selector: (each) => JSON.stringify(each),
		}),
		features: fc.uniqueArray(word, { maxLength: 6 }),
		forms: fc.uniqueArray(
			fc.record({ formType: word, fields: fc.dictionary(word, fc.array(word, { minLength: 1, maxLength: 3 })) }),
			{ maxLength: 3, selector: ({ formType }) => formType },
		),
	});

	it("does not depend on the order in which anything stands", () => {
		fc.assert(
			fc.property(info, (given) => {
				const element = encodeDiscoInfo(given, undefined);
				const hash = capabilityHash(element);
				expect(hash).toMatch(/^[A-Za-z0-9+/]{27}=$/);
				expect(capabilityHash(reversed(element))).toBe(hash);
			}),
		);
	});

	it("goes into presence with its node", () => {
		const c = encodeCapabilities({ node: "urn:software", ver: "AAAA" });
		expect(c.is("c", NS.caps)).toBe(true);
		expect(c.attributes).toEqual(["hash", "sha-1", "node", "urn:software", "ver", "AAAA"]);
	});
});

/** The same with the children of every element in the reverse order. */
function reversed(element: ReturnType<typeof xml>): ReturnType<typeof xml> {
	const attributes = Object.fromEntries(
		element.attributes.flatMap((name, i, all) => (i % 2 === 0 ? [[name, all[i + 1]]] : [])),
	);
	const children = element.children.map((child) => (typeof child === "string" ? child : reversed(child)));
	return xml(element.name, element.ns, attributes, ...children.reverse());
}
