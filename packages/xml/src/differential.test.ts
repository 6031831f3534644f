import { isUtf8 } from "node:buffer";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { END, everyByte, HEADER, type Plain, readStream } from "./testing/read-stream.js";
import { readWithSaxes } from "./testing/read-with-saxes.js";
import { incompleteTail } from "./utf8.js";

/**
 * Compared with saxes, on streams that are generated and then damaged. How many: ANTIPHON_FUZZ_RUNS. A failure prints
 * the seed and the path; ANTIPHON_FUZZ_SEED repeats it.
 */
const { ANTIPHON_FUZZ_RUNS = "500", ANTIPHON_FUZZ_SEED } = process.env;
const runs = (factor: number) => ({
	numRuns: Math.ceil(Number(ANTIPHON_FUZZ_RUNS) * factor),
	...(ANTIPHON_FUZZ_SEED === undefined ? {} : { seed: Number(ANTIPHON_FUZZ_SEED) }),
});

const space = fc.constantFrom(" ", "\n", "\t ", "\r\n", "  ");
const maybeSpace = fc.constantFrom("", "", "", " ", "\r\n");
const local = fc.constantFrom(
	"a",
	"b",
	"iq",
	"body",
	"é",
	"x-1.y",
	"_",
	"xm",
	"xmlfoo",
	"__proto__",
	"名前",
	"\u{10000}x",
);
const prefix = fc.constantFrom("", "", "", "p", "q", "stream", "xml");
const qname = fc.tuple(prefix, local).map(([p, l]) => (p === "" ? l : `${p}:${l}`));
const uri = fc.oneof(
	{ weight: 9, arbitrary: fc.constantFrom("u", "v", "w", "jabber:client", "a&amp;b") },
	{ weight: 1, arbitrary: fc.constantFrom("", "http://www.w3.org/XML/1998/namespace") },
);
const reference = fc.constantFrom(
	"&lt;",
	"&gt;",
	"&amp;",
	"&quot;",
	"&apos;",
	"&#13;",
	"&#x1F600;",
	"&#0009;",
	"&#xfffd;",
);
const characters = fc.oneof(
	{
		weight: 4,
		arbitrary: fc.constantFrom(
			"x",
			"hello ",
			"é",
			"€",
			"😀",
			"\n",
			"\r\n",
			"\r",
			"\t",
			"]",
			"]]",
			">",
			"\ufeff",
			"\ufffd",
		),
	},
	{ weight: 2, arbitrary: reference },
	{
		weight: 1,
		arbitrary: fc.integer({ min: 40, max: 1_300 }).map((length) => "plain and long ".repeat(90).slice(0, length)),
	},
);
const text = fc.array(characters, { maxLength: 6 }).map((parts) => parts.join("").replaceAll("]]>", "]]&gt;"));
const cdata = fc
	.array(fc.constantFrom("x", "]", "]]", ">", "<", "&", "&lt;", "é", "\r\n", "<!--"), { maxLength: 6 })
	.map((parts) => `<![CDATA[${parts.join("").replaceAll("]]>", "]] >")}]]>`);
const value = fc.oneof(
	text.map((content) => `'${content.replaceAll("'", "")}'`),
	text.map((content) => `"${content.replaceAll('"', "")}'"`),
);
const attribute = fc.oneof(
	{ weight: 4, arbitrary: fc.tuple(qname, value).map(([name, content]) => `${name}=${content}`) },
	{ weight: 1, arbitrary: uri.map((ns) => `xmlns='${ns}'`) },
	{ weight: 2, arbitrary: fc.tuple(fc.constantFrom("p", "q", "r"), uri).map(([p, ns]) => `xmlns:${p}="${ns}"`) },
);
const { element } = fc.letrec<{ element: string; content: string }>((tie) => ({
	element: fc
		.tuple(
			qname,
			fc.uniqueArray(fc.tuple(space, attribute), { maxLength: 4, selector: ([, one]) => one.split("=")[0] }),
			maybeSpace,
			fc.array(tie("content"), { maxLength: 4 }),
		)
		.map(([name, attributes, gap, content]) => {
			const tag = name + attributes.map(([before, one]) => before + one).join("") + gap;
			return content.length === 0 ? `<${tag}/>` : `<${tag}>${content.join("")}</${name}${gap}>`;
		}),
	content: fc.oneof({ maxDepth: 3 }, text, cdata, tie("element")),
}));
const prolog = fc.constantFrom(
	"",
	"",
	"<?xml version='1.0'?>",
	'<?xml version="1.0" encoding="UTF-8"?>\n',
	"<?xml version='1.0' standalone='no' ?>",
);
const header = HEADER.replace(">", " xmlns:p='u' xmlns:q='v'>");
const stream = fc
	.tuple(prolog, fc.array(fc.tuple(maybeSpace, element), { maxLength: 4 }))
	.map(([before, elements]) => `${before}${header}${elements.map((pair) => pair.join("")).join("")}${END}`);
const cuts = fc.array(fc.nat(3_000), { maxLength: 12 });

const nasty = [
	..."<>&;'\"/=!?[]-: \t\n\r\0\x01#xX",
	..."\u007f\u0085\ufeff\ufffe\uffff\u00d7é€😀",
	...[
		"<!--",
		"-->",
		"<![CDATA[",
		"]]>",
		"<?",
		"?>",
		"<!DOCTYPE",
		"&lt;",
		"&#",
		"&#x0;",
		"&#xD800;",
		"&foo;",
		"/>",
		"</",
		"<a>",
		"</a>",
	],
	...[
		" xmlns='u'",
		" xmlns:p='u'",
		" xmlns:p=''",
		" xml:a='b'",
		" a='1'",
		"p:",
		"xmlns:xmlns='u'",
		END,
		"<?xml version='1.0'?>",
	],
].map((token) => Buffer.from(token));
const nastyBytes = [
	...nasty,
	...[[0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xe2, 0x82], [0xf4, 0x90, 0x80, 0x80], [0x80]].map((b) =>
		Buffer.from(b),
	),
];
const damage = fc.record({
	kind: fc.constantFrom("insert", "replace", "delete", "double", "flip"),
	/** Where, as a part of the whole. */
	at: fc.double({ min: 0, max: 1, noNaN: true }),
	size: fc.integer({ min: 1, max: 12 }),
	token: fc.constantFrom(...nastyBytes),
});

function damaged(
	bytes: Buffer,
	{ kind, at, size, token }: typeof damage extends fc.Arbitrary<infer T> ? T : never,
): Buffer {
	const from = Math.floor(at * bytes.length);
	const to = Math.min(bytes.length, from + size);
	const [before, middle, after] = [bytes.subarray(0, from), bytes.subarray(from, to), bytes.subarray(to)];
	switch (kind) {
		case "insert":
			return Buffer.concat([before, token, middle, after]);
		case "replace":
			return Buffer.concat([before, token, after]);
		case "delete":
			return Buffer.concat([before, after]);
		case "double":
			return Buffer.concat([before, middle, middle, after]);
		default:
			return Buffer.concat([before, middle.map((byte) => byte ^ (1 << (size & 7))), after]);
	}
}

/** What is accepted, saxes accepts too, with the same tree; and cuts make no difference to anything. */
function compare(bytes: Buffer, places: number[]): { accepted: boolean } {
	const whole = readStream(bytes);
	expect(readStream(bytes, places)).toEqual(whole);
	expect(readStream(bytes, everyByte(bytes))).toEqual(whole);
	// A character at the very end may still be completed by bytes to come.
	const whatCame = bytes.subarray(0, bytes.length - incompleteTail(bytes));
	if (!isUtf8(whatCame)) expect(whole.condition ?? (whole.ended ? "ended before" : undefined)).toBeDefined();
	if (!whole.ended) return { accepted: false };
	// What follows the end of the stream is nobody's business.
	const document = bytes.subarray(0, whole.endOffset);
	const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(document);
	if (hasSpacedNamespace(text)) return { accepted: true };
	const theirs = readWithSaxes(text);
	if ("problem" in theirs) throw new Error(`saxes refuses what was accepted: ${theirs.problem}`);
	const [ns, name, attributes, children] = theirs.root;
	expect(whole.header).toEqual([ns, name, attributes, []]);
	const elements = children.filter((child): child is Plain => typeof child !== "string");
	expect(whole.elements).toEqual(elements);
	expect(children.filter((child) => typeof child === "string").join("")).toMatch(/^[ \n\t]*$/);
	return { accepted: true };
}

/** saxes trims namespaces, which Namespaces in XML does not provide for; there is nothing to compare then. */
function hasSpacedNamespace(text: string): boolean {
	for (const [, , ns = ""] of text.matchAll(/xmlns[^=<>]*=\s*(["'])(.*?)\1/gs)) {
		if (ns !== ns.trim() || ns.includes("&#")) return true;
	}
	return false;
}

describe("beside saxes", { timeout: 40 * Number(ANTIPHON_FUZZ_RUNS) + 60_000 }, () => {
	it("gives the same tree for generated streams, however they are cut", () => {
		let accepted = 0;
		let refused = 0;
		fc.assert(
			fc.property(stream, cuts, (document, places) => {
				const ours = compare(Buffer.from(document), places);
				if (ours.accepted) accepted++;
				else {
					refused++;
					// Generated streams may repeat an attribute or misuse a prefix; saxes must not be happy with those either.
					expect(readWithSaxes(document)).toHaveProperty("problem");
				}
			}),
			runs(1),
		);
		expect(accepted).toBeGreaterThan(refused);
	});

	it("accepts nothing that saxes refuses among damaged streams, and reads the rest alike", () => {
		let accepted = 0;
		let refused = 0;
		fc.assert(
			fc.property(stream, fc.array(damage, { minLength: 1, maxLength: 3 }), cuts, (document, damages, places) => {
				const bytes = damages.reduce(damaged, Buffer.from(document));
				if (compare(bytes, places).accepted) accepted++;
				else refused++;
			}),
			runs(3),
		);
		expect(accepted).toBeGreaterThan(0);
		expect(refused).toBeGreaterThan(accepted);
	});

	it("refuses a forbidden thing with the right condition at any place in the content of a stanza, however it is cut", () => {
		const forbidden: [Buffer, string][] = [
			...["<!-- x -->", "<?php x?>", "<!DOCTYPE a>", "<!ENTITY a 'b'>", "&foo;", "&nbsp;"].map(
				(token): [Buffer, string] => [Buffer.from(token), "restricted-xml"],
			),
			...[
				"\0",
				"\x1f",
				"\uffff",
				"&#0;",
				"&#xDFFF;",
				"]]>",
				"<a b='<'/>",
				"<a b=c/>",
				"<a b='1' b='2'/>",
				"<a></b>",
				"& ",
			].map((token): [Buffer, string] => [Buffer.from(token), "not-well-formed"]),
			...["<n:a/>", "<a n:b=''/>", "<a xmlns:n=''/>", "<a xmlns:xml='u'/>"].map((token): [Buffer, string] => [
				Buffer.from(token),
				"bad-namespace-prefix",
			]),
			...[[0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xe2, 0x82, 0x20]].map((bytes): [Buffer, string] => [
				Buffer.from(bytes),
				"unsupported-encoding",
			]),
			[Buffer.from("<a>".repeat(40)), "policy-violation"],
			[Buffer.from(`<${"n".repeat(257)}/>`), "policy-violation"],
		];
		fc.assert(
			fc.property(
				fc.array(fc.oneof(text, cdata), { maxLength: 3 }),
				fc.constantFrom(...forbidden),
				fc.array(fc.oneof(text, cdata), { maxLength: 3 }),
				cuts,
				(before, [token, condition], after, places) => {
					const [open, close] = [
						`${header}<ok/><a><b>${before.join("<c/>")}</b>`,
						`${after.join("<c/>")}</a><no/>${END}`,
					];
					const bytes = Buffer.concat([Buffer.from(open), token, Buffer.from(close)]);
					const reading = readStream(bytes, places);
					expect(reading).toMatchObject({ condition, errors: 1, ended: false });
					expect(reading.elements).toEqual([["jabber:client", "ok", [], []]]);
					expect(readStream(bytes, everyByte(bytes))).toEqual(reading);
				},
			),
			runs(2),
		);
	});
});
