import fc from "fast-check";
import { END, HEADER } from "./read-stream.js";

/** Streams that are generated, and then damaged, to be compared with what saxes makes of them. */
const { ANTIPHON_FUZZ_RUNS = "500", ANTIPHON_FUZZ_SEED } = process.env;
/** How many are tried: ANTIPHON_FUZZ_RUNS. A failure prints the seed and the path; ANTIPHON_FUZZ_SEED repeats it. */
export const runs = (factor: number) => ({
	numRuns: Math.ceil(Number(ANTIPHON_FUZZ_RUNS) * factor),
	...(ANTIPHON_FUZZ_SEED === undefined ? {} : { seed: Number(ANTIPHON_FUZZ_SEED) }),
});

/** For all of a file's properties. */
export const RUN_LIMIT_MS = 40 * Number(ANTIPHON_FUZZ_RUNS) + 60_000;

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
export const text = fc.array(characters, { maxLength: 6 }).map((parts) => parts.join("").replaceAll("]]>", "]]&gt;"));
export const cdata = fc
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
export const header = HEADER.replace(">", " xmlns:p='u' xmlns:q='v'>");
export const stream = fc
	.tuple(prolog, fc.array(fc.tuple(maybeSpace, element), { maxLength: 4 }))
	.map(([before, elements]) => `${before}${header}${elements.map((pair) => pair.join("")).join("")}${END}`);
export const cuts = fc.array(fc.nat(3_000), { maxLength: 12 });

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
export const damage = fc.record({
	kind: fc.constantFrom("insert", "replace", "delete", "double", "flip"),
	/** Where, as a part of the whole. */
	at: fc.double({ min: 0, max: 1, noNaN: true }),
	size: fc.integer({ min: 1, max: 12 }),
	token: fc.constantFrom(...nastyBytes),
});

export function damaged(
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

/** saxes trims namespaces, which Namespaces in XML does not provide for; there is nothing to compare then. */
export function hasSpacedNamespace(text: string): boolean {
	for (const [, , ns = ""] of text.matchAll(/xmlns[^=<>]*=\s*(["'])(.*?)\1/gs)) {
		if (ns !== ns.trim() || ns.includes("&#")) return true;
	}
	return false;
}
