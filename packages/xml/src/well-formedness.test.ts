import { describe, expect, it } from "vitest";
import { END, everyByte, HEADER, readStream } from "./testing/read-stream.js";

/** Refused wherever the bytes are cut, and with the same words. */
function expectRefused(stream: string | Uint8Array, condition: string): void {
	const whole = readStream(stream);
	expect(whole.condition, JSON.stringify(String(stream))).toBe(condition);
	expect(whole.errors).toBe(1);
	expect(readStream(stream, everyByte(stream))).toEqual(whole);
	for (let cut = 1; cut < stream.length; cut++) expect(readStream(stream, [cut])).toEqual(whole);
}

function expectText(content: string, text: string): void {
	const stream = `${HEADER}<a>${content}</a>${END}`;
	for (const cuts of [[], everyByte(stream)]) {
		const reading = readStream(stream, cuts);
		expect(reading.message).toBeUndefined();
		expect(reading.elements).toEqual([["jabber:client", "a", [], text === "" ? [] : [text]]]);
	}
}

const inElement = (content: string) => `${HEADER}<a>${content}</a>`;

describe("what RFC 6120 section 11.1 forbids", () => {
	it.each([
		["a comment", inElement("<!-- x -->")],
		["a comment between stanzas", `${HEADER}<!-- x --><a/>`],
		["a comment before the header", `<!---->${HEADER}`],
		["a processing instruction", inElement("<?php 1 ?>")],
		["a processing instruction between stanzas", `${HEADER}<?a?>`],
		["a processing instruction whose name begins with xml", `<?xml-stylesheet href='x'?>${HEADER}`],
		["a processing instruction in the prolog", `<?xml version='1.0'?><?a b?>${HEADER}`],
		["a DOCTYPE", `<!DOCTYPE stream>${HEADER}`],
		["a DOCTYPE with entities", `<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b "c">]>${HEADER}`],
		["a DOCTYPE in a stanza", inElement("<!DOCTYPE a>")],
		["a stray ENTITY declaration", inElement("<!ENTITY a 'b'>")],
		["an entity in text", inElement("&foo;")],
		["an entity in an attribute", `${HEADER}<a b='&foo;'/>`],
		["an entity whose name begins like one of the five", inElement("&amps;")],
		["an entity whose name begins like the longest of the five", inElement("&quotx;")],
		["an entity named __proto__", inElement("&__proto__;")],
		["an entity of HTML", inElement("&nbsp;")],
	])("refuses %s", (_, stream) => expectRefused(stream, "restricted-xml"));

	it("refuses a billion laughs at the DOCTYPE", () => {
		const entities = Array.from({ length: 10 }, (_, i) => `<!ENTITY l${i + 1} "${`&l${i};`.repeat(10)}">`).join("");
		expectRefused(`<?xml version='1.0'?><!DOCTYPE l [<!ENTITY l0 "lol">${entities}]><l>&l9;</l>`, "restricted-xml");
	});
});

describe("what is not well-formed", () => {
	it.each([
		["an end tag that does not match", `${HEADER}<a></b>`],
		["an end tag with another prefix", `${HEADER}<p:a xmlns:p='u' xmlns:q='u'></q:a>`],
		["an end tag before any start tag", "</a>"],
		["an end tag of the stream too early", `${HEADER}<a>${END}`],
		["an end tag with an attribute", `${HEADER}<a></a b=''>`],
		["a duplicate attribute", `${HEADER}<a b='1' b='2'/>`],
		[
			"a duplicate attribute after many",
			`${HEADER}<a ${Array.from({ length: 20 }, (_, i) => `b${i}=''`).join(" ")} b3=''/>`,
		],
		[
			"a duplicate of the first attribute after many",
			`${HEADER}<a ${Array.from({ length: 20 }, (_, i) => `b${i}=''`).join(" ")} b0=''/>`,
		],
		[
			"a duplicate after many, among the many",
			`${HEADER}<a ${Array.from({ length: 20 }, (_, i) => `b${i}=''`).join(" ")} b18=''/>`,
		],
		["a duplicate namespace declaration", `${HEADER}<a xmlns='u' xmlns='u'/>`],
		["a duplicate declaration of a prefix", `${HEADER}<a xmlns:p='u' xmlns:p='v'/>`],
		["two attributes of one expanded name", `${HEADER}<a xmlns:p='u' xmlns:q='u' p:b='1' q:b='2'/>`],
		["a duplicate xml:lang", `${HEADER}<a xml:lang='a' xml:lang='b'/>`],
		["an attribute without quotes", `${HEADER}<a b=c/>`],
		["an attribute without a value", `${HEADER}<a b/>`],
		["an attribute without a name", `${HEADER}<a ='c'/>`],
		["attributes without white space between", `${HEADER}<a b='1'c='2'/>`],
		["< in an attribute", `${HEADER}<a b='<'/>`],
		["]]> in text", inElement("x]]>y")],
		["]]> after more brackets", inElement("]]]]>")],
		["< in text that begins no tag", inElement("1 < 2")],
		["<> ", `${HEADER}<>`],
		["a space before a name", `${HEADER}< a/>`],
		["/ without >", `${HEADER}<a / >`],
		["a name that begins with a digit", `${HEADER}<1a/>`],
		["a name that begins with a hyphen", `${HEADER}<-a/>`],
		["a name that begins with a combining mark", `${HEADER}<\u0301a/>`],
		["a name with a character no name may have", `${HEADER}<a\u00d7/>`],
		["a name that begins with a colon", `${HEADER}<:a/>`],
		["a name that ends with a colon", `${HEADER}<a:/>`],
		["a name with two colons", `${HEADER}<a:b:c xmlns:a='u'/>`],
		["a local name that begins with a digit", `${HEADER}<p:1 xmlns:p='u'/>`],
		["an attribute name that is none", `${HEADER}<a 1b=''/>`],
		["& that begins no reference", inElement("a & b")],
		["a reference without ;", inElement("&amp x")],
		["a reference to nothing", inElement("&;")],
		["a character reference to nothing", inElement("&#;")],
		["a hexadecimal reference to nothing", inElement("&#x;")],
		["a hexadecimal reference with a capital X", inElement("&#X41;")],
		["a decimal reference with a letter", inElement("&#1a;")],
		["a reference that begins with a digit", inElement("&1a;")],
		["text between stanzas", `${HEADER}<a/>text<b/>`],
		["a reference to white space between stanzas", `${HEADER}&#32;<a/>`],
		["a CDATA section between stanzas", `${HEADER}<![CDATA[ ]]>`],
		["a CDATA section before the header", `<![CDATA[]]>${HEADER}`],
		["something like a CDATA section", inElement("<![cdata[]]>")],
		["<! that begins nothing", inElement("<!x>")],
		["text before the header", `x${HEADER}`],
		["a NUL between stanzas", `${HEADER}\0`],
		["a byte order mark, which is a character (RFC 6120 section 11.6)", `\ufeff${HEADER}`],
		["white space before an XML declaration", ` <?xml version='1.0'?>${HEADER}`],
		["an XML declaration between stanzas", `${HEADER}<?xml version='1.0'?>`],
		["a second XML declaration", `<?xml version='1.0'?><?xml version='1.0'?>${HEADER}`],
		["an XML declaration without a version", `<?xml encoding='utf-8'?>${HEADER}`],
		["an XML declaration of version 1.1", `<?xml version='1.1'?>${HEADER}`],
		["an XML declaration in the wrong order", `<?xml encoding='utf-8' version='1.0'?>${HEADER}`],
		["an XML declaration that ends without ?", `<?xml version='1.0'>${HEADER}`],
		["an XML declaration with no space", `<?xml version='1.0'encoding='utf-8'?>${HEADER}`],
		["an XML declaration with anything else", `<?xml version='1.0' a='b'?>${HEADER}`],
		["an empty XML declaration", `<?xml?>${HEADER}`],
	])("refuses %s", (_, stream) => expectRefused(stream, "not-well-formed"));

	const controls = [...Array(32).keys()].filter((code) => code !== 9 && code !== 10 && code !== 13);
	it.each([...controls, 0xfffe, 0xffff])("refuses the character %i raw, everywhere, and as a reference", (code) => {
		const character = String.fromCharCode(code);
		expectRefused(inElement(`x${character}`), "not-well-formed");
		expectRefused(inElement(`${"long text ".repeat(8)}${character}`), "not-well-formed");
		expectRefused(inElement(`<![CDATA[x${character}]]>`), "not-well-formed");
		expectRefused(`${HEADER}<a b='x${character}'/>`, "not-well-formed");
		expectRefused(inElement(`&#${code};`), "not-well-formed");
		expectRefused(`${HEADER}<a b='&#x${code.toString(16)};'/>`, "not-well-formed");
	});

	it.each(["xD800", "xDFFF", "x110000", "x7FFFFFFFFFFFFFFF", "4294967361", "x100000041", "99999999999999999999999"])(
		"refuses a reference to &#%s;",
		(reference) => expectRefused(inElement(`&#${reference};`), "not-well-formed"),
	);

	it("refuses end tags without end after the last", () => {
		expect(readStream(`${HEADER}${"</a>".repeat(10_000)}`).condition).toBe("not-well-formed");
	});
});

describe("namespaces", () => {
	const XML = "http://www.w3.org/XML/1998/namespace";
	const XMLNS = "http://www.w3.org/2000/xmlns/";
	it.each([
		["an element whose prefix is not bound", `${HEADER}<p:a/>`],
		["an attribute whose prefix is not bound", `${HEADER}<a p:b=''/>`],
		["a prefix that was bound in an element before", `${HEADER}<a xmlns:p='u'/><p:a/>`],
		["a prefix that was bound in a sibling", inElement("<b xmlns:p='u'></b><p:c/>")],
		["a prefix that is undeclared", `${HEADER}<a xmlns:p=''/>`],
		["xml bound to another namespace", `${HEADER}<a xmlns:xml='u'/>`],
		["the namespace of xml bound to another prefix", `${HEADER}<a xmlns:p='${XML}'/>`],
		["the namespace of xml as default", `${HEADER}<a xmlns='${XML}'/>`],
		["xmlns declared", `${HEADER}<a xmlns:xmlns='${XMLNS}'/>`],
		["the namespace of xmlns bound to another prefix", `${HEADER}<a xmlns:p='${XMLNS}'/>`],
		["the namespace of xmlns as default", `${HEADER}<a xmlns='${XMLNS}'/>`],
		["an element with the prefix xmlns", `${HEADER}<xmlns:a/>`],
		["a header whose prefix is not bound", "<stream:stream xmlns='jabber:client'>"],
	])("refuses %s", (_, stream) => expectRefused(stream, "bad-namespace-prefix"));

	it.each([
		["of no namespace", "<stream>"],
		["of another namespace", "<stream xmlns='urn:x'>"],
		["of the content namespace", "<stream:stream xmlns:stream='jabber:client'>"],
		["that is a stanza", "<iq xmlns='jabber:client' type='get'/>"],
	])("refuses a root %s", (_, stream) => expectRefused(stream, "invalid-namespace"));

	it("refuses a root of the streams namespace that is not a stream", () => {
		expectRefused("<features xmlns='http://etherx.jabber.org/streams'>", "bad-format");
	});

	it("accepts a stream header with any prefix, or none", () => {
		for (const prefix of ["", "s:"]) {
			const declaration = `xmlns${prefix && ":s"}='http://etherx.jabber.org/streams'`;
			expect(readStream(`<${prefix}stream ${declaration}><iq xmlns='jabber:client'/></${prefix}stream>`)).toMatchObject(
				{
					elements: [["jabber:client", "iq", [], []]],
					ended: true,
				},
			);
		}
	});

	it("binds prefixes for the element that declares them and those inside, innermost first", () => {
		const { elements } = readStream(
			`${HEADER}<p:a p:x='1' xmlns:p='u'><p:b xmlns:p='v' xmlns='w'><c p:y='2'/></p:b><p:d/><e/></p:a>`,
		);
		expect(elements).toEqual([
			[
				"u",
				"a",
				[["{u}x", "1"]],
				[
					["v", "b", [], [["w", "c", [["{v}y", "2"]], []]]],
					["u", "d", [], []],
					["jabber:client", "e", [], []],
				],
			],
		]);
	});

	it("gives attributes without prefix no namespace, and takes them for others than prefixed ones", () => {
		const { elements } = readStream(`${HEADER}<p:a xmlns:p='u' xmlns='u' b='1' p:b='2' xml:space='preserve'/>`);
		expect(elements[0]?.[2]).toEqual([
			["b", "1"],
			["xml:space", "preserve"],
			["{u}b", "2"],
		]);
	});

	it("takes a namespace as it stands, with white space and all", () => {
		expect(readStream(`${HEADER}<a xmlns=' u&#32;'/>`).elements).toEqual([[" u ", "a", [], []]]);
	});

	it("allows the declaration of xml that says what holds anyway", () => {
		expect(readStream(`${HEADER}<a xmlns:xml='${XML}' xml:lang='de'/>`).elements[0]?.[2]).toEqual([["xml:lang", "de"]]);
	});
});

describe("encoding", () => {
	const bytes = (...parts: (string | number[])[]) => Buffer.concat(parts.map((part) => Buffer.from(part as string)));
	it.each([
		["an overlong /", [0xc0, 0xaf]],
		["an overlong NUL of three bytes", [0xe0, 0x80, 0x80]],
		["an overlong form of four bytes", [0xf0, 0x80, 0x80, 0xaf]],
		["a high surrogate", [0xed, 0xa0, 0x80]],
		["a pair of surrogates", [0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80]],
		["a character above U+10FFFF", [0xf4, 0x90, 0x80, 0x80]],
		["a byte that begins nothing", [0xff]],
		["a continuation alone, or one too many", [0xa9]],
		["a character that breaks off", [0xe2, 0x82]],
		["a character that another interrupts", [0xf0, 0x9f, 0xc3, 0xa9]],
	])("refuses %s in text, attribute, name, CDATA section and between stanzas", (_, bad) => {
		expectRefused(bytes(`${HEADER}<a>é`, bad, "x</a>"), "unsupported-encoding");
		expectRefused(bytes(`${HEADER}<a b='`, bad, "x'/>"), "unsupported-encoding");
		expectRefused(bytes(`${HEADER}<a`, bad, "x/>"), "unsupported-encoding");
		expectRefused(bytes(`${HEADER}<a><![CDATA[`, bad, "x]]></a>"), "unsupported-encoding");
		expectRefused(bytes(`${HEADER}<a/>`, bad, "x"), "unsupported-encoding");
	});

	it("refuses a character at the first byte that cannot belong to it", () => {
		const stream = bytes(`${HEADER}<a>`, [0xe2, 0x41]);
		expect(readStream(stream, [stream.length - 1]).condition).toBe("unsupported-encoding");
		const overlong = bytes(`${HEADER}<a>`, [0xf0, 0x80]);
		expect(readStream(overlong, [overlong.length - 1]).condition).toBe("unsupported-encoding");
	});

	it("delivers what stands before bytes that are not UTF-8 in the same chunk", () => {
		const { elements, condition } = readStream(bytes(`${HEADER}<a>é</a><b>`, [0xff]));
		expect(elements).toEqual([["jabber:client", "a", [], ["é"]]]);
		expect(condition).toBe("unsupported-encoding");
	});

	it.each([
		["UTF-16 with a byte order mark", Buffer.from(`\ufeff${HEADER}`, "utf16le")],
		["UTF-16 of the other order with a byte order mark", Buffer.from(`\ufeff${HEADER}`, "utf16le").swap16()],
		["UTF-16 without one", Buffer.from(HEADER, "utf16le")],
		["UTF-16 of the other order without one", Buffer.from(HEADER, "utf16le").swap16()],
		["an XML declaration of ISO-8859-1", Buffer.from(`<?xml version='1.0' encoding="ISO-8859-1"?>${HEADER}`)],
		["an XML declaration of UTF-16", Buffer.from(`<?xml version='1.0' encoding='UTF-16'?>${HEADER}`)],
	])("refuses %s", (_, stream) => expectRefused(stream, "unsupported-encoding"));

	it("accepts characters of every length, whole or split", () => {
		expectText(
			"\u007f\u0080\u07ff\u0800\ud7ff\ue000\uffef\ufffd\u{10000}\u{1fffe}\u{10ffff}\ufeff",
			"\u007f\u0080\u07ff\u0800\ud7ff\ue000\uffef\ufffd\u{10000}\u{1fffe}\u{10ffff}\ufeff",
		);
	});

	it("accepts names of every script", () => {
		const { elements } = readStream(`${HEADER}<größe ключ='1' 名:前='2' xmlns:名='u' a·b='3'/>`);
		expect(elements[0]).toEqual([
			"jabber:client",
			"größe",
			[
				["a·b", "3"],
				["ключ", "1"],
				["{u}前", "2"],
			].sort(([a], [b]) => ((a as string) < (b as string) ? -1 : 1)),
			[],
		]);
	});
});

describe("text and attribute values", () => {
	it.each([
		["&lt;&gt;&amp;&quot;&apos;", "<>&\"'"],
		["&#65;&#x41;&#x0000000041;&#00065;&#x1F600;&#x10ffff;&#xfffd;", "AAAA😀\u{10ffff}\ufffd"],
		["&#9;&#10;&#13;&#x20;", "\t\n\r "],
		["a\r\nb\rc\n\rd\r\r\ne\r", "a\nb\nc\n\nd\n\ne\n"],
		["<![CDATA[a\r\nb\rc]]>\n", "a\nb\nc\n"],
		["<![CDATA[]]]]>]&gt;", "]]]>"],
		["<![CDATA[]>]]]>", "]>]"],
		["<![CDATA[]]]>", "]"],
		["<![CDATA[<!-- <?x?> &amp; <a> ]]>", "<!-- <?x?> &amp; <a> "],
		["]<![CDATA[]]>]>", "]]>"],
		["]&#93;>", "]]>"],
		["]] >] ]>>", "]] >] ]>>"],
		["", ""],
	])("reads %j as %j", (content, text) => expectText(content, text));

	it("makes a space of each tab and line end in an attribute, but not of references to them", () => {
		const stream = `${HEADER}<a b='1\t2\n3\r\n4\r5 &#9;&#10;&#13;"&gt;>' c = "'" \r\n\td\n=\t'' />`;
		for (const cuts of [[], everyByte(stream)]) {
			expect(readStream(stream, cuts).elements[0]?.[2]).toEqual([
				["b", '1 2 3 4 5 \t\n\r">>'],
				["c", "'"],
				["d", ""],
			]);
		}
	});

	it("puts long texts together, whatever their pieces", () => {
		const pieces = ["x".repeat(1_023), "é".repeat(700), "&amp;".repeat(900), "\r\n".repeat(600), "y".repeat(5_000)];
		const text = ["x".repeat(1_023), "é".repeat(700), "&".repeat(900), "\n".repeat(600), "y".repeat(5_000)].join("");
		const stream = `${HEADER}<a b='${pieces.join("")}'>${pieces.join("")}<![CDATA[${"]".repeat(5_000)}]]></a>`;
		for (const cuts of [[], everyByte(stream), [1_500, 3_000, 4_500, 9_000]]) {
			const { elements } = readStream(stream, cuts);
			expect(elements[0]?.[3]).toEqual([text + "]".repeat(5_000)]);
			expect(elements[0]?.[2]).toEqual([["b", text.replaceAll("\n", " ")]]);
		}
	});
});
