import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { XmlLimits } from "./limits.js";
import type { Skipped } from "./skipper.js";
import { StreamParser } from "./stream-parser.js";
import { cuts, damage, damaged, hasSpacedNamespace, RUN_LIMIT_MS, runs, stream } from "./testing/generated-streams.js";
import { fates } from "./testing/over-limits.js";
import { END, everyByte, feed, HEADER, inChunks, type Plain, plain, readStream } from "./testing/read-stream.js";
import type { XmlError } from "./xml-error.js";

type Item = Plain | { head: Plain | undefined; limit: Skipped["limit"]; bytes: number };

interface Reading {
	items: Item[];
	ended: boolean;
	problem: string | undefined;
}

/** Reads a stream whose limits are in force, and skipping is on, from the header on. */
function read(input: string | Uint8Array, limits: Partial<XmlLimits>, places: Iterable<number> = []): Reading {
	const bytes = typeof input === "string" ? Buffer.from(input) : input;
	const reading: Reading = { items: [], ended: false, problem: undefined };
	const parser = new StreamParser({
		onStart: () => parser.setLimits(limits),
		onElement: (element) => reading.items.push(plain(element)),
		onEnd: () => {
			reading.ended = true;
		},
		onError: (error) => {
			reading.problem = error.condition;
		},
	});
	parser.skipOverLimit(({ head, limit, bytes }) => reading.items.push({ head: head && plain(head), limit, bytes }));
	feed(bytes, places, (chunk) => parser.write(chunk));
	return reading;
}

const BEHIND: Plain = ["jabber:client", "behind", [], []];

/** The stanza is skipped for this limit, and only it, whole and byte by byte. */
function expectSkipped(stanza: string, limits: Partial<XmlLimits>, limit: Skipped["limit"], head?: Plain): void {
	const whole = `${HEADER}<behind/>${stanza}<behind/>${END}`;
	const skipped = { head, limit, bytes: Buffer.byteLength(stanza) };
	const expected = { items: [BEHIND, skipped, BEHIND], ended: true, problem: undefined };
	expect(read(whole, limits)).toEqual(expected);
	expect(read(whole, limits, everyByte(whole))).toEqual(expected);
}

describe("an element over a limit", () => {
	const head: Plain = ["jabber:client", "a", [["id", "1"]], []];

	it("is skipped alone, for each of the limits, and its start tag is told if that kept to them", () => {
		const attributes = Array.from({ length: 9 }, (_, i) => ` a${i}=''`).join("");
		expectSkipped(`<a id='1'>${"<b>".repeat(40)}${"</b>".repeat(40)}</a>`, {}, "maxDepth", head);
		expectSkipped(`<a id='1'><b/>x<b/><b/></a>`, { maxChildren: 3 }, "maxChildren", head);
		expectSkipped(`<a id='1'><b/>x<b/>x</a>`, { maxChildren: 3 }, "maxChildren", head);
		expectSkipped(`<a id='1'><b/>x<b/><b>y</b></a>`, { maxChildren: 3 }, "maxChildren", head);
		expectSkipped(`<a id='1'><b${attributes}/></a>`, { maxAttributes: 8 }, "maxAttributes", head);
		expectSkipped(`<a id='1'><b${attributes}>x</b></a>`, { maxAttributes: 8 }, "maxAttributes", head);
		expectSkipped(`<a${attributes}/>`, { maxAttributes: 8 }, "maxAttributes");
		expectSkipped(`<a id='1'><${"b".repeat(15)}/></a>`, { maxNameBytes: 14 }, "maxNameBytes", head);
		expectSkipped(`<a id='1'><b ${"é".repeat(8)}=''></b></a>`, { maxNameBytes: 14 }, "maxNameBytes", head);
		expectSkipped(`<${"b".repeat(17)}><b/></${"b".repeat(17)}>`, { maxNameBytes: 16 }, "maxNameBytes");
		expectSkipped(`<a id='1'>${"é".repeat(50)}</a>`, { maxStanzaBytes: 40 }, "maxStanzaBytes", head);
		expectSkipped(`<a id='${"1".repeat(50)}'/>`, { maxStanzaBytes: 40 }, "maxStanzaBytes");
	});

	it("is one too that is written as servers write <xml:b/>, which no namespace-aware parser takes", () => {
		const xmlNs = "http://www.w3.org/XML/1998/namespace";
		expectSkipped(`<a id='1'><b xmlns='${xmlNs}' c='>'><d/></b></a>`, {}, "xmlNamespace", head);
		expectSkipped(`<a xmlns='${xmlNs}'/>`, {}, "xmlNamespace");
		expect(readStream(`${HEADER}<a xmlns='${xmlNs}'/>`).condition).toBe("bad-namespace-prefix");
		expect(read(`${HEADER}<a xmlns='http://www.w3.org/2000/xmlns/'/>`, {}).problem).toBe("bad-namespace-prefix");
		expect(read(`<a xmlns='${xmlNs}'/>`, {}).problem).toBe("bad-namespace-prefix");
	});

	it("is skipped at whatever byte it becomes too large, and the next is read in the scope of the header", () => {
		const stanza =
			`<p:a xmlns:p='u' xmlns='v' b="x'&amp;>" c='"/>'><p:d/>text &#x1F600; ]] ><e f = 'é'></e  ><![CDATA[ </p:a><behind/>]]]]>` +
			`<x/>\r\n</p:a >`;
		const size = Buffer.byteLength(stanza);
		for (let maxStanzaBytes = 40; maxStanzaBytes <= size; maxStanzaBytes++) {
			const whole = `${HEADER}${stanza}<behind/>${END}`;
			const reading = read(whole, { maxStanzaBytes });
			expect(reading).toMatchObject({ ended: true, problem: undefined });
			const [first, second, ...more] = reading.items as [Plain, ...Item[]];
			if (maxStanzaBytes === size) expect(first?.slice(0, 2)).toEqual(["u", "a"]);
			else expect(first).toMatchObject({ limit: "maxStanzaBytes", bytes: size });
			expect([second, ...more]).toEqual([BEHIND]);
			expect(read(whole, { maxStanzaBytes }, everyByte(whole))).toEqual(reading);
		}
	});

	it("ends where its end tag is, whatever looks like one", () => {
		for (const content of [
			`<b c='</a><behind/>'/>`,
			`<b c="'&lt;/a>&lt;behind/>'"/>`,
			"<![CDATA[</a><behind/>]]>",
			"<![CDATA[]]]]><![CDATA[></a>]]>",
			"<b c='/>' d=\">\"></b>",
			"<b c='/'/><b c='x' /><b\n/>",
			"<a><a></a></a><b></b>",
			"&lt;/a&gt;",
			"<b>/</b>",
			"]]&gt;",
		]) {
			const stanza = `<a>${"x".repeat(30)}${content}</a>`;
			if (content.includes("='</a>")) {
				// < in a value is no XML at all.
				const reading = read(`${HEADER}${stanza}`, { maxStanzaBytes: 20 });
				expect(reading).toMatchObject({ items: [], problem: "not-well-formed" });
			} else expectSkipped(stanza, { maxStanzaBytes: 20 }, "maxStanzaBytes", ["jabber:client", "a", [], []]);
		}
	});

	it.each([
		["<!-- x -->", "restricted-xml"],
		["<?x?>", "restricted-xml"],
		["<!DOCTYPE a>", "restricted-xml"],
		["&foo;", "restricted-xml"],
		["&#0;", "not-well-formed"],
		["\0", "not-well-formed"],
		["\uffff", "not-well-formed"],
		["]]>", "not-well-formed"],
		["<b c='<'/>", "not-well-formed"],
		["<b c=d/>", "not-well-formed"],
		["<b c/>", "not-well-formed"],
		["<b / >", "not-well-formed"],
		["< b/>", "not-well-formed"],
		["<b c='&'/>", "not-well-formed"],
		["</b>", "not-well-formed"],
		["</stream:stream>", "not-well-formed"],
		[Buffer.from([0xff]), "unsupported-encoding"],
		[Buffer.from([0xe2, 0x82, 0x20]), "unsupported-encoding"],
	])("still must not hold %j", (forbidden, problem) => {
		const bytes = Buffer.concat([
			Buffer.from(`${HEADER}<a>${"x".repeat(30)}`),
			Buffer.from(forbidden),
			Buffer.from(`</a><behind/>${END}`),
		]);
		const expected = { items: [], ended: false, problem };
		expect(read(bytes, { maxStanzaBytes: 20 })).toEqual(expected);
		expect(read(bytes, { maxStanzaBytes: 20 }, everyByte(bytes))).toEqual(expected);
	});

	it("ends the stream above the limit for what is skipped, and not at it", () => {
		const limits = { maxStanzaBytes: 20, maxSkippedBytes: 100 };
		const stanza = `<a>${"x".repeat(93)}</a>`;
		expectSkipped(stanza, limits, "maxStanzaBytes", ["jabber:client", "a", [], []]);
		for (const input of [`${HEADER}${stanza.replace("x", "xx")}`, `${HEADER}<a>${"<b>".repeat(33)}`]) {
			expect(read(input, limits)).toEqual({ items: [], ended: false, problem: "policy-violation" });
			expect(read(input, limits, everyByte(input)).problem).toBe("policy-violation");
		}
	});

	it("ends the stream where skipping is off, and so do a header and an end of the stream over a limit", () => {
		const over = `${HEADER}${"<a>".repeat(40)}${"</a>".repeat(40)}`;
		expect(readStream(over)).toMatchObject({ condition: "policy-violation", elements: [] });
		expect(read(`${HEADER.slice(0, -1)} a='${"x".repeat(70_000)}'>`, {}).problem).toBe("policy-violation");
		expect(read(`${HEADER}${END.replace(">", " ".repeat(50))}>`, { maxStanzaBytes: 40 })).toEqual({
			items: [],
			ended: false,
			problem: "policy-violation",
		});
	});

	it("may be followed by a new stream, or by nothing, as its listener says", () => {
		const seen: string[] = [];
		const parser = new StreamParser({
			onStart: () => seen.push("start"),
			onElement: (element) => seen.push(element.name),
			onEnd: () => seen.push("end"),
			onError: (error) => seen.push(error.condition),
		});
		parser.skipOverLimit(({ head }) => {
			seen.push(`skipped ${head?.name} before ${parser.unread}`);
			if (head?.name === "first") parser.restart();
			else parser.stop();
		});
		const deep = "<b>".repeat(40) + "</b>".repeat(40);
		parser.write(Buffer.from(`${HEADER}<first>${deep}</first>${HEADER}<a/><second>${deep}</second><a/>`));
		expect(seen).toEqual([
			"start",
			expect.stringMatching(/^skipped first before \d{3}$/),
			"start",
			"a",
			"skipped second before 4",
		]);
	});
});

describe("skipping beside saxes", { timeout: RUN_LIMIT_MS }, () => {
	const limits = fc.oneof(
		fc.record(
			{
				maxStanzaBytes: fc.integer({ min: 20, max: 300 }),
				maxDepth: fc.integer({ min: 1, max: 4 }),
				maxAttributes: fc.integer({ min: 1, max: 4 }),
				// The name of the end of the stream has 13.
				maxNameBytes: fc.integer({ min: 13, max: 16 }),
				maxChildren: fc.integer({ min: 1, max: 4 }),
			},
			{ requiredKeys: [] },
		),
		fc.record({ maxStanzaBytes: fc.integer({ min: 20, max: 2_000 }) }),
	);
	const roomy = { limits: { maxStanzaBytes: 1 << 20, maxDepth: 1_000, maxNameBytes: 1_000 } };
	let skipped = 0;
	let delivered = 0;

	/** What is within the limits comes out as ever, what is not as its head, and cuts make no difference to anything. */
	function compare(bytes: Buffer, small: Partial<XmlLimits>, places: number[]): void {
		const whole = read(bytes, small);
		expect(read(bytes, small, places)).toEqual(whole);
		expect(read(bytes, small, everyByte(bytes))).toEqual(whole);
		const reference = readStream(bytes, [], roomy);
		if (!reference.ended) return;
		const text = bytes.subarray(0, reference.endOffset).toString("utf8");
		if (hasSpacedNamespace(text)) return;
		const expected = fates(text, small).map((fate, i) => {
			const [ns, name, attributes] = reference.elements[i] as Plain;
			if (fate === "delivered") {
				delivered++;
				return reference.elements[i];
			}
			skipped++;
			return fate === "skipped" ? { head: [ns, name, attributes, []] } : { head: undefined };
		});
		expect(whole.items.map((item) => ("head" in item ? { head: item.head } : item))).toEqual(expected);
		expect(whole).toMatchObject({ ended: true, problem: undefined });
	}

	it("leaves out of generated streams what goes over small limits, and only that", () => {
		fc.assert(
			fc.property(stream, limits, cuts, (document, small, places) => compare(Buffer.from(document), small, places)),
			runs(2),
		);
		expect(skipped).toBeGreaterThan(100);
		expect(delivered).toBeGreaterThan(100);
	});

	it("does so in damaged streams that are well-formed all the same", () => {
		fc.assert(
			fc.property(
				stream,
				fc.array(damage, { minLength: 1, maxLength: 3 }),
				limits,
				cuts,
				(document, damages, small, places) => compare(damages.reduce(damaged, Buffer.from(document)), small, places),
			),
			runs(4),
		);
	});
});

describe("skipping", { timeout: 120_000 }, () => {
	const parts: [string, string, (size: number) => string, string][] = [
		["depth", "<a>", (size) => "<b>".repeat(size / 3), "</b>"],
		["attributes", "<a><b", (size) => Array.from({ length: size / 10 }, (_, i) => ` a${i}='x'`).join(""), "/></a>"],
		["a name", "<a><", (size) => "x".repeat(size), "/></a>"],
		["text", "<a>", (size) => "x é\n".repeat(size / 5), "</a>"],
		["a value", "<a b='", (size) => "x\té".repeat(size / 4), "'/>"],
		["CDATA", "<a><![CDATA[", (size) => "x]]y".repeat(size / 4), "]]></a>"],
		["references", "<a>", (size) => "&#x41;&lt;".repeat(size / 10), "</a>"],
		["children", "<a>", (size) => "<b/>x".repeat(size / 5), "</a>"],
		[
			"namespaces",
			"<a>",
			(size) => Array.from({ length: size / 30 }, (_, i) => `<b xmlns:p${i}='u'/>`).join(""),
			"</a>",
		],
	];

	it("takes no memory that grows with what is skipped", async () => {
		setFlagsFromString("--expose-gc");
		const gc = runInNewContext("gc") as () => void;
		const inUse = () => {
			gc();
			const { heapUsed, external } = process.memoryUsage();
			return heapUsed + external;
		};
		for (const [what, open, middle, close] of parts) {
			const problems: unknown[] = [];
			let skipped = 0;
			const events = { onStart() {}, onElement() {}, onEnd() {}, onError: (error: XmlError) => problems.push(error) };
			const parser = new StreamParser(events, { limits: { maxSkippedBytes: 1 << 25 } });
			parser.skipOverLimit(() => skipped++);
			const bytes = Buffer.from(middle(10_000_000));
			parser.write(Buffer.from(HEADER + open));
			parser.write(bytes.subarray(0, 200_000));
			const before = inUse();
			for (let i = 200_000; i < bytes.length; i += 65_521) parser.write(bytes.subarray(i, i + 65_521));
			await expect.poll(() => inUse() - before, { timeout: 5_000, message: what }).toBeLessThan(500_000);
			// Used once more, so that the parser is among what was measured.
			parser.write(Buffer.from(what === "depth" ? `${close.repeat(10_000_000 / 3)}</a>` : close));
			expect([problems, skipped], what).toEqual([[], 1]);
		}
	});

	it("finds the end of a stanza that is 100,000 deep in 10 MB", () => {
		const seen: unknown[] = [];
		const parser = new StreamParser({
			onStart() {},
			onElement: (element) => seen.push(element.name),
			onEnd: () => seen.push("end"),
			onError: (error) => seen.push(error.message),
		});
		parser.skipOverLimit(({ limit, bytes }) => seen.push(limit, bytes));
		const tag = `b c='${"x".repeat(86)}'`;
		const stanza = `<a>${`<${tag}>`.repeat(100_000)}${"</b>".repeat(100_000)}</a>`;
		parser.write(Buffer.from(`${HEADER}${stanza}<next/>${END}`));
		expect(seen).toEqual(["maxDepth", stanza.length, "next", "end"]);
	});

	it("takes time that grows with the bytes, not with their square, however they are cut", () => {
		const time = (stanza: string, step: number): number => {
			const chunks = inChunks(Buffer.from(stanza), step);
			let best = Number.POSITIVE_INFINITY;
			for (let run = 0; run < 3; run++) {
				const parser = new StreamParser(
					{ onStart() {}, onElement() {}, onEnd() {}, onError() {} },
					{ limits: { maxStanzaBytes: 1_000 } },
				);
				parser.skipOverLimit(() => {});
				parser.write(Buffer.from(HEADER));
				// Time of the processor: the machine may be busy with something else.
				const start = process.cpuUsage();
				for (const chunk of chunks) parser.write(chunk);
				const { user, system } = process.cpuUsage(start);
				best = Math.min(best, user + system);
			}
			return best / Buffer.byteLength(stanza);
		};
		for (const [what, open, middle, close] of parts) {
			const make = (size: number) => open + middle(size) + close;
			let ratio = Number.POSITIVE_INFINITY;
			for (let attempt = 0; attempt < 4 && ratio >= 12; attempt++) {
				time(make(16_384), 7);
				ratio = Math.min(ratio, time(make(16_384 * 32), 7) / time(make(16_384), 7));
			}
			expect(ratio, what).toBeLessThan(12);
		}
	});
});
