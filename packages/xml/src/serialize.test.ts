import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyCharacter } from "../../../test/kit/src/any-character.js";
import { Element, type XmlNode, xml } from "./element.js";
import { escapeAttribute, escapeText } from "./escape.js";
import { parseElement } from "./parse-element.js";
import { STREAM_END, STREAM_PREFIXES, serialize, serializeWithin, streamHeader } from "./serialize.js";
import { STREAMS_NS } from "./stream-parser.js";
import { plain, readStream } from "./testing/read-stream.js";
import { XmlError } from "./xml-error.js";

/** How often the properties are tried; failures print the seed and the path that repeats them. */
const { ANTIPHON_FUZZ_RUNS = "500" } = process.env;

describe("serialize", () => {
	it("writes xmlns only where it differs from what is in force", () => {
		const element = xml(
			"iq",
			"jabber:client",
			{ type: "get" },
			xml("ping", "urn:xmpp:ping", {}, xml("x", "urn:xmpp:ping")),
			xml("y", ""),
		);
		expect(serialize(element, "jabber:client")).toBe(
			"<iq type='get'><ping xmlns='urn:xmpp:ping'><x/></ping><y xmlns=''/></iq>",
		);
		expect(serialize(element)).toBe(
			"<iq xmlns='jabber:client' type='get'><ping xmlns='urn:xmpp:ping'><x/></ping><y xmlns=''/></iq>",
		);
		expect(serialize(xml("a", ""))).toBe("<a/>");
		expect(serialize(xml("a", ""), "jabber:client")).toBe("<a xmlns=''/>");
	});

	it("declares a prefix for each attribute of a namespace, and none for xml:", () => {
		const element = new Element("a", "u", ["{v}b", "1", "b", "2", "{u}b", "3", "xml:lang", "de", "{a}b}c", "4"], []);
		expect(serialize(element, "u")).toBe(
			"<a xmlns:ns0='v' ns0:b='1' b='2' xmlns:ns1='u' ns1:b='3' xml:lang='de' xmlns:ns2='a}b' ns2:c='4'/>",
		);
	});

	it("uses prefixes that are declared outside, and steers clear of them", () => {
		const features = xml("features", STREAMS_NS, {}, xml("bind", "urn:bind"), xml("x", STREAMS_NS));
		expect(serialize(features, "jabber:client", STREAM_PREFIXES)).toBe(
			"<stream:features><bind xmlns='urn:bind'/><stream:x/></stream:features>",
		);
		const element = new Element("a", "u", ["{v}b", "1", "{w}c", "2"], []);
		expect(serialize(element, "u", { ns0: "w", q: "x" })).toBe("<a xmlns:ns1='v' ns1:b='1' ns0:c='2'/>");
	});

	it("escapes what text and attributes cannot hold as it is", () => {
		const all = "<>&'\"\t\n\r]]>é😀";
		expect(serialize(xml("a", "", { b: all }, all))).toBe(
			"<a b='&lt;&gt;&amp;&apos;&quot;&#9;&#10;&#13;]]&gt;é😀'>&lt;&gt;&amp;'\"\t\n&#13;]]&gt;é😀</a>",
		);
		expect(escapeText("]]>")).toBe("]]&gt;");
		expect(escapeText("a > b")).toBe("a &gt; b");
		expect(escapeText("plain")).toBe("plain");
		expect(escapeAttribute("it's")).toBe("it&apos;s");
	});

	it("writes no ]]> where one text follows another, wherever it is cut", () => {
		for (const texts of [["]]", ">"], ["]", "]>"], ["]", "]", ">"], ["x]]", "", ">>"], ["]]>"], [">"], ["]>"]]) {
			const text = serialize(new Element("a", "", [], texts));
			expect(text).not.toContain("]]>");
			expect(parseElement(text).text()).toBe(texts.join(""));
		}
	});

	it.each(["\0", "\x01", "\x08", "\v", "\f", "\x1f", "\ufffe", "\uffff", "\ud83d", "\ude00", "\ude00\ud83d"])(
		"refuses %j, which XML cannot carry",
		(character) => {
			expect(() => serialize(xml("a", "", {}, `x${character}`))).toThrow(
				/^XML cannot carry the character U\+[0-9A-F]{4} \(at index 1\)$/,
			);
			expect(() => serialize(xml("a", "", { b: `x${character}` }))).toThrow(TypeError);
			expect(() => serialize(xml("a", `u${character}`))).toThrow(TypeError);
			expect(() => streamHeader("jabber:client", { to: character })).toThrow(TypeError);
		},
	);

	it.each(["", "1a", "a b", "a:b", "-", "a>", "a/", "a=", "\u00d7", "a\0", "<", "é\ud800", "xmlns"])(
		"refuses the name %j",
		(name) => {
			if (name !== "xmlns") expect(() => serialize(xml(name, ""))).toThrow(/is no element name/);
			expect(() => serialize(new Element("a", "", [name, ""], []))).toThrow(/is no attribute name/);
			expect(() => serialize(new Element("a", "", [`{u}${name}`, ""], []))).toThrow(/is no attribute name/);
			expect(() => streamHeader("jabber:client", { [name]: "" })).toThrow(/is no attribute name/);
		},
	);

	it.each([
		"{}a",
		"{u",
		"{http://www.w3.org/2000/xmlns/}a",
		"{http://www.w3.org/XML/1998/namespace}lang",
		"xml:",
		"xml:a:b",
		"xmlns:a",
	])("refuses the attribute name %j", (name) => {
		expect(() => serialize(new Element("a", "", [name, ""], []))).toThrow(/is no attribute name/);
	});

	it("refuses an attribute that is given twice, and knows a value from a name", () => {
		expect(() => serialize(new Element("a", "", ["b", "1", "c", "2", "b", "3"], []))).toThrow(/"b" is given twice/);
		expect(serialize(new Element("a", "", ["b", "c", "c", "b"], []))).toBe("<a b='c' c='b'/>");
	});

	it("refuses an element in the namespace of xmlns, and writes one of xml with its prefix", () => {
		expect(() => serialize(xml("a", "http://www.w3.org/2000/xmlns/"))).toThrow(TypeError);
		const element = xml("a", "u", {}, xml("b", "http://www.w3.org/XML/1998/namespace", {}, xml("c", "u")));
		expect(serialize(element)).toBe("<a xmlns='u'><xml:b><c/></xml:b></a>");
		expect(plain(parseElement(serialize(element)))).toEqual(plain(element));
	});

	it("refuses what is nested too deeply, before the call stack does", () => {
		let element = xml("a", "");
		for (let i = 0; i < 100_000; i++) element = xml("a", "", {}, element);
		expect(() => serialize(element)).toThrow(/more than 1000 levels/);
	});

	it("makes of a stream's header, stanzas and end a stream that the parser reads", () => {
		const attributes = { to: "a'b", from: undefined, version: "1.0", "xml:lang": "en" };
		const header = streamHeader("jabber:client", attributes);
		expect(header).toBe(
			"<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'" +
				" to='a&apos;b' version='1.0' xml:lang='en'>",
		);
		const stanza = xml("error", STREAMS_NS, {}, xml("conflict", "urn:ietf:params:xml:ns:xmpp-streams"));
		const reading = readStream(header + serialize(stanza, "jabber:client", STREAM_PREFIXES) + STREAM_END);
		expect(reading).toMatchObject({ elements: [plain(stanza)], ended: true, message: undefined });
		expect(reading.header?.[2]).toContainEqual(["to", "a'b"]);
	});
});

describe("serializeWithin", () => {
	it("gives what serialize gives up to the very character, and nothing for one fewer", () => {
		const element = new Element(
			"a",
			"u",
			["{v}b", "<&>'", "xml:lang", "de", "{w}c", "é"],
			["]]>", xml("b", "v", { d: "" }, xml("c", "v"), "😀\r", xml("d", STREAMS_NS, {}, "x")), xml("e", "u")],
		);
		for (const [defaultNs, prefixes] of [
			["", undefined],
			["u", undefined],
			["u", { ...STREAM_PREFIXES, p: "w" }],
		] as const) {
			const text = serialize(element, defaultNs, prefixes);
			expect(serializeWithin(text.length, element, defaultNs, prefixes)).toBe(text);
			for (let length = 0; length < text.length; length++) {
				expect(serializeWithin(length, element, defaultNs, prefixes)).toBeUndefined();
			}
		}
	});

	it("stops early where a short stanza with prefixes would come to gigabytes", () => {
		const long = `urn:${"&lt;".repeat(25_000)}`;
		const one = parseElement(`<a xmlns:p='${long}'>${"<p:x/>".repeat(25_000)}</a>`, {
			maxStanzaBytes: 1 << 18,
			maxChildren: 1 << 15,
		});
		const attributes = Array.from({ length: 60 }, (_, i) => ` p:a${i}=''`).join("");
		const other = parseElement(`<a xmlns:p='${long}'>${`<b${attributes}/>`.repeat(200)}</a>`, {
			maxStanzaBytes: 1 << 18,
		});
		for (const element of [one, other]) {
			const start = performance.now();
			expect(serializeWithin(1 << 20, element)).toBeUndefined();
			// Written out whole, they take seconds or do not fit into a string.
			expect(performance.now() - start).toBeLessThan(2_500);
		}
	});

	it("refuses what serialize refuses", () => {
		expect(() => serializeWithin(100, xml("a", "", {}, "\0"))).toThrow(TypeError);
	});
});

describe("parseElement", () => {
	it("reads a document from a string or bytes, with declaration and white space around", () => {
		const text = "<?xml version='1.0'?>\n<a b='é'> x </a>\n";
		for (const input of [text, Buffer.from(text), new TextEncoder().encode(text)]) {
			expect(plain(parseElement(input))).toEqual(["", "a", [["b", "é"]], [" x "]]);
		}
	});

	it.each([
		["", "not-well-formed"],
		["<a>", "not-well-formed"],
		["<a/><b/>", "not-well-formed"],
		["<a/>x", "not-well-formed"],
		["<a/>\0", "not-well-formed"],
		["<a/><!-- -->", "not-well-formed"],
		["<!DOCTYPE a><a/>", "restricted-xml"],
		["<a>\ud800</a>", "unsupported-encoding"],
		[Buffer.from([0x3c, 0x61, 0x2f, 0x3e, 0xff]), "unsupported-encoding"],
		[Buffer.from([0x3c, 0x61, 0x3e, 0xe2, 0x82]), "unsupported-encoding"],
		[`<a>${"x".repeat(70_000)}</a>`, "policy-violation"],
	])("refuses %j", (input, condition) => {
		const read = () => parseElement(input);
		expect(read).toThrow(XmlError);
		expect(read).toThrow(expect.objectContaining({ condition }));
	});

	it("keeps nothing of the bytes it was given", () => {
		const bytes = Buffer.from(`<a b='${"x".repeat(40)}'>${"y".repeat(2_000)}</a>`);
		const element = parseElement(bytes);
		bytes.fill(0x3c);
		expect(element.attr("b")).toBe("x".repeat(40));
		expect(element.text()).toBe("y".repeat(2_000));
	});
});

describe("a round trip", { timeout: 40 * Number(ANTIPHON_FUZZ_RUNS) + 60_000 }, () => {
	const nastyCharacter = fc.constantFrom(..."<>&'\"\t\n\r]é€😀\u0085\u2028\ufeff\ufffd\u007f ;#x");
	const text = fc
		.array(fc.oneof(nastyCharacter, fc.string({ unit: anyCharacter, maxLength: 4 })), { maxLength: 12 })
		.map((parts) => parts.join("").replace(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\p{Surrogate}]/gu, ""));
	const name = fc.constantFrom("a", "b", "iq", "_", "é", "a.b-c", "xml", "__proto__", "hasOwnProperty", "\u{10000}");
	const ns = fc.oneof(
		fc.constantFrom("", "jabber:client", STREAMS_NS, "urn:x", "http://www.w3.org/XML/1998/namespace"),
		text,
	);
	const key = fc
		.tuple(fc.oneof(fc.constant(""), ns), name)
		.map(([space, local]) =>
			space === "" ? local : space === "http://www.w3.org/XML/1998/namespace" ? `xml:${local}` : `{${space}}${local}`,
		);
	const attributes = fc
		.uniqueArray(fc.tuple(key, text), { selector: ([one]) => one, maxLength: 5 })
		.map((pairs) => pairs.flat());
	const { element } = fc.letrec<{ element: Element; node: XmlNode }>((tie) => ({
		element: fc
			.tuple(name, ns, attributes, fc.array(tie("node"), { maxLength: 4 }))
			.map(([local, space, flat, children]) => new Element(local, space, flat, joined(children))),
		node: fc.oneof({ maxDepth: 4 }, text, tie("element")),
	}));

	it("gives back the element that was written, alone and in a stream", () => {
		fc.assert(
			fc.property(
				element,
				fc.constantFrom("", "jabber:client", "urn:x"),
				fc.array(fc.nat(500)),
				(original, defaultNs, cuts) => {
					const expected = plain(original);
					expect(plain(parseElement(serialize(original)))).toEqual(expected);
					const stream = streamHeader(defaultNs) + serialize(original, defaultNs, STREAM_PREFIXES) + STREAM_END;
					expect(readStream(stream, cuts)).toMatchObject({ elements: [expected], ended: true, message: undefined });
				},
			),
			{ numRuns: Number(ANTIPHON_FUZZ_RUNS) },
		);
	});

	/** As a parser gives it: adjacent text in one string, and none that is empty. */
	function joined(children: XmlNode[]): XmlNode[] {
		const nodes: XmlNode[] = [];
		for (const child of children) {
			const last = nodes.at(-1);
			if (typeof child === "string" && typeof last === "string") nodes[nodes.length - 1] = last + child;
			else if (child !== "") nodes.push(child);
		}
		return nodes;
	}
});
