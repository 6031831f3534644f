import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { describe, expect, it } from "vitest";
import type { Element } from "./element.js";
import { DEFAULT_LIMITS, type XmlLimits } from "./limits.js";
import { parseElement } from "./parse-element.js";
import { StreamParser } from "./stream-parser.js";
import { END, everyByte, HEADER, inChunks, readStream } from "./testing/read-stream.js";

function read(stream: string, limits: Partial<XmlLimits>, cuts: number[] = []) {
	return readStream(stream, cuts, { limits });
}

/** What `limit` allows is accepted, one more is a policy violation, whole and byte by byte. */
function expectLimit(limits: Partial<XmlLimits>, allowed: string, refused: string): void {
	for (const stream of [allowed, refused]) {
		const whole = read(stream, limits);
		expect(whole.condition).toBe(stream === allowed ? undefined : "policy-violation");
		expect(read(stream, limits, everyByte(stream))).toEqual(whole);
	}
}

describe("limits", () => {
	it("bound the bytes of a stanza, not of what stands around it", () => {
		const allowed = `${HEADER} \n <a>${"x".repeat(93)}</a> <a>${"é".repeat(46)}.</a>${" ".repeat(200)}<b/>`;
		const limits = { maxStanzaBytes: 100 };
		const header = { maxStanzaBytes: HEADER.length };
		expect(read(HEADER, header).condition).toBeUndefined();
		expect(read(` ${HEADER}`, header)).toMatchObject({ condition: "policy-violation", header: undefined });
		for (const cuts of [[], everyByte(allowed)]) {
			const started = new Limited(limits);
			started.write(allowed, cuts);
			expect(started.condition).toBeUndefined();
			expect(started.names).toEqual(["a", "a", "b"]);
		}
		for (const stanza of [
			`<a>${"x".repeat(94)}</a>`,
			`<a>${"é".repeat(47)}</a>`,
			`<a b='${"x".repeat(200)}`,
			"<a".padEnd(101),
		]) {
			for (const cuts of [[], everyByte(HEADER + stanza)]) {
				const started = new Limited(limits);
				started.write(HEADER + stanza, cuts);
				expect(started.condition).toBe("policy-violation");
				expect(started.names).toEqual([]);
			}
		}
	});

	it("refuse a stanza at the first byte too many, before its end has come", () => {
		const { condition, message } = readStream(`${HEADER}<a>${"x".repeat(DEFAULT_LIMITS.maxStanzaBytes - 3)}y`);
		expect(condition).toBe("policy-violation");
		expect(message).toContain(`at byte ${HEADER.length + DEFAULT_LIMITS.maxStanzaBytes}`);
		expect(readStream(`${HEADER}<a>${"x".repeat(DEFAULT_LIMITS.maxStanzaBytes - 3)}`).condition).toBeUndefined();
	});

	it("bound the bytes of the whole stream, white space too, until they are lifted", () => {
		const stream = `${HEADER}<a/>    <b/>`;
		const limits = { maxStreamBytes: stream.length };
		expectLimit(limits, stream, `${stream} `);
		const parser = new Limited(limits);
		parser.write(stream);
		parser.parser.setLimits({ maxStreamBytes: Number.POSITIVE_INFINITY });
		parser.write("<c/>".repeat(1_000));
		expect(parser.condition).toBeUndefined();
		expect(parser.names.length).toBe(1_002);
	});

	it("can be lifted inside an event for the rest of the chunk", () => {
		const names: string[] = [];
		const parser = new StreamParser(
			{
				onStart: () => {},
				onElement: (element) => {
					names.push(element.name);
					if (element.name === "success") {
						parser.setLimits({ maxStreamBytes: Number.POSITIVE_INFINITY, maxStanzaBytes: 1_000 });
						parser.restart();
					}
				},
				onEnd: () => names.push("end"),
				onError: (error) => names.push(error.message),
			},
			{ limits: { maxStreamBytes: HEADER.length + 12, maxStanzaBytes: 200 } },
		);
		parser.write(Buffer.from(`${HEADER}<success/>${HEADER}<a>${"x".repeat(500)}</a>${END}`));
		expect(names).toEqual(["success", "a", "end"]);
	});

	it("count the bytes of a stream on over a restart", () => {
		const parser = new Limited({ maxStreamBytes: 2 * HEADER.length - 1 });
		parser.write(HEADER);
		parser.parser.restart();
		parser.write(HEADER);
		expect(parser.condition).toBe("policy-violation");
	});

	it("bound the depth, with a stanza as level 1", () => {
		const nested = (levels: number) => HEADER + "<a>".repeat(levels) + "</a>".repeat(levels);
		expectLimit({ maxDepth: 5 }, nested(5), nested(6));
		expectLimit({ maxDepth: 1 }, `${HEADER}<a/>`, `${HEADER}<a><b/></a>`);
		expect(readStream(`${HEADER}${"<a>".repeat(10_000)}`).condition).toBe("policy-violation");
		expect(parseElement("<a><b/></a>", { maxDepth: 2 }).children.length).toBe(1);
		expect(() => parseElement("<a><b/></a>", { maxDepth: 1 })).toThrow(/nested too deeply/);
	});

	it("bound the attributes, namespace declarations among them", () => {
		const element = (count: number) =>
			`${HEADER}<a xmlns:p='u'${Array.from({ length: count }, (_, i) => ` a${i}=''`).join("")}/>`;
		expectLimit({ maxAttributes: 4 }, element(3), element(4));
		expectLimit({ maxAttributes: 40 }, element(39), element(40));
		expect(readStream(element(64)).condition).toBe("policy-violation");
		expect(readStream(element(63)).condition).toBeUndefined();
		expect(read(element(50_000), { maxStanzaBytes: 1 << 20 }).condition).toBe("policy-violation");
	});

	it("bound the names of elements, attributes, end tags and entities", () => {
		const limits = { maxNameBytes: 14 };
		const name = "é".repeat(7);
		expectLimit(limits, `${HEADER}<${name}/>`, `${HEADER}<${name}x/>`);
		expectLimit(limits, `${HEADER}<a ${name}=''/>`, `${HEADER}<a ${name}x=''/>`);
		expectLimit(limits, `${HEADER}<a></a>`, `${HEADER}<a></${name}x>`);
		expectLimit(limits, `${HEADER}<a>&amp;</a>`, `${HEADER}<a>&${name}x;</a>`);
		const roomy = { maxStanzaBytes: 20 << 20 };
		expect(read(`${HEADER}<${"x".repeat(10 << 20)}/>`, roomy).condition).toBe("policy-violation");
		expect(read(`${HEADER}<a ${"x".repeat(10 << 20)}=''/>`, roomy).condition).toBe("policy-violation");
	});

	it("bound the children of one element, texts among them", () => {
		expectLimit({ maxChildren: 3 }, `${HEADER}<a>x<b/>y</a>`, `${HEADER}<a>x<b/>y<c/></a>`);
		expectLimit(
			{ maxChildren: 2 },
			`${HEADER}<a><b><c/><c/></b><b/></a><d/><d/><d/>`,
			`${HEADER}<a><b><c/><c/></b><b/>x</a>`,
		);
		expect(read(`${HEADER}<a>${"<b/>".repeat(64_000)}</a>`, { maxStanzaBytes: 1 << 20 }).condition).toBe(
			"policy-violation",
		);
	});

	it("bound a header, an XML declaration and a reference that never end", () => {
		for (const stream of [
			" ".repeat(70_000),
			`<?xml version='1.0'${" ".repeat(70_000)}`,
			`<stream:stream ${" ".repeat(70_000)}`,
			`${HEADER}<a>&#${"0".repeat(70_000)}`,
			`${HEADER}<a>&#x${"f".repeat(70_000)}`,
			`${HEADER}<a><![CDATA[${"]".repeat(70_000)}`,
			`${HEADER}<a></a${" ".repeat(70_000)}`,
			`${HEADER}<a b${" ".repeat(70_000)}`,
			`${HEADER}<a b=${" ".repeat(70_000)}`,
		]) {
			expect(readStream(stream).condition).toBe("policy-violation");
			expect(readStream(stream, everyByte(stream)).condition).toBe("policy-violation");
		}
	});

	it("must be numbers above 0", () => {
		const events = { onStart: () => {}, onElement: () => {}, onEnd: () => {}, onError: () => {} };
		for (const value of [0, -1, Number.NaN]) {
			expect(() => new StreamParser(events, { limits: { maxDepth: value } })).toThrow(RangeError);
			expect(() => new StreamParser(events).setLimits({ maxStanzaBytes: value })).toThrow(RangeError);
		}
		const misspelt = { limits: { maxdepth: 3 } } as object;
		expect(() => new StreamParser(events, misspelt)).toThrow("there is no limit called maxdepth");
	});
});

describe("memory and work", { timeout: 120_000 }, () => {
	it("hold no more than the bytes of a stanza that is dribbled, whatever it consists of", () => {
		const gc = collectGarbage();
		const limits = { maxStanzaBytes: 1 << 20, maxNameBytes: 1 << 20 };
		for (const [open, part] of [
			["<a>", "x"],
			["<a>", "é"],
			["<a>", "&amp;"],
			["<a>", "\r"],
			["<a b='", "\t"],
			["<a b='", "&#x1F600;"],
			["<a><![CDATA[", "]"],
			["<a", "a"],
		] as const) {
			const parser = new Limited(limits);
			parser.write(HEADER + open);
			const before = gc();
			const bytes = Buffer.from(part.repeat(Math.floor(500_000 / part.length)));
			for (let i = 0; i < bytes.length; i++) parser.parser.write(bytes.subarray(i, i + 1));
			// Two bytes for each character outside of Latin-1, and room for the noise of the test runner.
			expect(gc() - before, `${open}${part}`).toBeLessThan(2 * bytes.length + 500_000);
			expect(parser.condition).toBeUndefined();
		}
	});

	it("hold a long namespace once, however many names are in it", () => {
		const gc = collectGarbage();
		const long = `urn:${"x".repeat(250_000)}`;
		const attributes = Array.from({ length: 60 }, (_, i) => ` p:a${i}=''`).join("");
		const stanza = `<a xmlns:p='${long}'>${`<p:b${attributes}/>`.repeat(500)}</a>`;
		const kept: Element[] = [];
		const before = gc();
		kept.push(parseElement(stanza, { maxStanzaBytes: 1 << 19 }));
		// 30,000 names of 250 kB, if each had its own.
		expect(gc() - before).toBeLessThan(20_000_000);
		expect(kept[0]?.elements()[499]?.attributes[118]).toHaveLength(long.length + 5);
	});

	it("let go of a stanza once it is delivered", async () => {
		const gc = collectGarbage();
		const parser = new Limited({ maxStanzaBytes: 4 << 20, maxChildren: 1 << 20 });
		parser.write(HEADER);
		const before = gc();
		for (let i = 0; i < 32; i++) {
			// One attribute fewer each time, the last with a long value; and a long text.
			const count = 32 - i;
			const attributes = Array.from(
				{ length: count },
				(_, at) => ` a${at}='${at === count - 1 ? "x".repeat(500_000) : ""}'`,
			);
			parser.write(`<a${attributes.join("")}>${"y".repeat(500_000)}</a>`);
		}
		parser.write(`<a>${"<b/>".repeat(200_000)}</a>`);
		expect(parser.condition).toBeUndefined();
		// What is garbage may be given back a little later.
		await expect.poll(() => gc() - before, { timeout: 5_000 }).toBeLessThan(2_000_000);
	});

	it("grow with the bytes, not with their square, however they are cut", () => {
		// Time per byte on long input against time per byte on short input: linear is 1, quadratic is 32. The bound is
		// generous since the machine may be busy; the best of several runs is taken.
		const roomy = { maxStanzaBytes: 64 << 20, maxNameBytes: 64 << 20, maxChildren: 1 << 30, maxAttributes: 1 << 30 };
		const shapes: [string, (size: number) => string, number][] = [
			["text", (size) => `<a>${"x".repeat(size)}</a>`, 7],
			["text of words", (size) => `<a>${"x\n".repeat(size / 2)}</a>`, 100],
			["value", (size) => `<a b='${"x".repeat(size)}'/>`, 7],
			["name", (size) => `<${"x".repeat(size)}/>`, 7],
			["CDATA", (size) => `<a><![CDATA[${"]".repeat(size)}]]></a>`, 7],
			["references", (size) => `<a>${"&lt;".repeat(size / 4)}</a>`, 7],
			["children", (size) => `<a>${"<b/>".repeat(size / 4)}</a>`, 64],
			["attributes", (size) => `<a${Array.from({ length: size / 8 }, (_, i) => ` a${i}=''`).join("")}/>`, 64],
			[
				"prefixes",
				(size) =>
					`<a${Array.from({ length: size / 16 }, (_, i) => ` xmlns:a${i}='u'`).join("")}>${"<a0:b/>".repeat(size / 14)}</a>`,
				64,
			],
			["brackets", (size) => `<a>${"]".repeat(size)}</a>`, 7],
			["white space in a tag", (size) => `<a${" ".repeat(size)}/>`, 7],
		];
		const time = (stanza: string, step: number): number => {
			const chunks = inChunks(Buffer.from(stanza), step);
			let best = Number.POSITIVE_INFINITY;
			for (let run = 0; run < 3; run++) {
				const parser = new Limited(roomy);
				parser.write(HEADER);
				// Time of the processor: the machine may be busy with something else.
				const start = process.cpuUsage();
				for (const chunk of chunks) parser.parser.write(chunk);
				const { user, system } = process.cpuUsage(start);
				best = Math.min(best, user + system);
				expect(parser.condition).toBeUndefined();
				expect(parser.names.length).toBe(1);
			}
			return best / Buffer.byteLength(stanza);
		};
		for (const [name, make, step] of shapes) {
			let ratio = Number.POSITIVE_INFINITY;
			// Noise only ever adds: what is quadratic never comes under the bound, however often it is tried.
			for (let attempt = 0; attempt < 4 && ratio >= 12; attempt++) {
				time(make(16_384), step);
				ratio = Math.min(ratio, time(make(16_384 * 32), step) / time(make(16_384), step));
			}
			expect(ratio, name).toBeLessThan(12);
		}
	});
});

/** A parser that only keeps names, so that what is measured is what the parser keeps. */
class Limited {
	readonly names: string[] = [];
	condition: string | undefined;
	readonly parser: StreamParser;

	constructor(limits: Partial<XmlLimits>) {
		this.parser = new StreamParser(
			{
				onStart: () => this.parser.setLimits(limits),
				onElement: (element) => this.names.push(element.name),
				onEnd: () => {},
				onError: (error) => {
					this.condition = error.condition;
				},
			},
			{ limits: { ...limits, maxStanzaBytes: Math.max(1_000, limits.maxStanzaBytes ?? 0) } },
		);
	}

	write(text: string, cuts: number[] = []): void {
		const bytes = Buffer.from(text);
		let from = 0;
		for (const to of [...cuts, bytes.length]) {
			this.parser.write(bytes.subarray(from, to));
			from = to;
		}
	}
}

/** Collects garbage and tells the bytes in use. */
function collectGarbage(): () => number {
	setFlagsFromString("--expose-gc");
	const gc = runInNewContext("gc") as () => void;
	return () => {
		gc();
		const { heapUsed, external } = process.memoryUsage();
		return heapUsed + external;
	};
}
