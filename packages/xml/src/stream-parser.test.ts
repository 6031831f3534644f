import { describe, expect, it } from "vitest";
import type { Element } from "./element.js";
import { type StreamEvents, StreamParser } from "./stream-parser.js";
import { END, everyByte, HEADER, readStream } from "./testing/read-stream.js";
import type { XmlError } from "./xml-error.js";

function record(overrides: Partial<StreamEvents> = {}) {
	const elements: Element[] = [];
	const errors: XmlError[] = [];
	const seen: string[] = [];
	const events: StreamEvents = {
		onStart: (header) => {
			seen.push("start");
			overrides.onStart?.(header);
		},
		onElement: (element) => {
			seen.push(element.name);
			elements.push(element);
			overrides.onElement?.(element);
		},
		onEnd: () => {
			seen.push("end");
			overrides.onEnd?.();
		},
		onError: (error) => {
			seen.push(error.condition);
			errors.push(error);
			overrides.onError?.(error);
		},
	};
	return { events, elements, errors, seen };
}

describe("StreamParser", () => {
	it("gives the header out as soon as its tag ends, without children", () => {
		const { header, elements, ended } = readStream(
			`<?xml version="1.0" encoding='utf-8' standalone="yes" ?>\r\n${HEADER.replace(">", " to='a' xml:lang='en'>")} <iq/>`,
		);
		expect(header).toEqual([
			"http://etherx.jabber.org/streams",
			"stream",
			[
				["to", "a"],
				["version", "1.0"],
				["xml:lang", "en"],
			],
			[],
		]);
		expect(elements).toEqual([["jabber:client", "iq", [], []]]);
		expect(ended).toBe(false);
	});

	it("reads a stream the same however it is cut", () => {
		const stream =
			`${HEADER}\n<message to="a&amp;b" p:x='1&#x20AC;\t2\r\n3' xmlns:p='urn:p'><body>é€😀 ]] &gt;&#10;\r\nx\ry</body>` +
			`<p:e xmlns=''><f/></p:e><![CDATA[<&]]]]><![CDATA[>]]></message> \t<iq />${END}`;
		const whole = readStream(stream);
		expect(whole.message).toBeUndefined();
		expect(whole.ended).toBe(true);
		expect(whole.elements).toEqual([
			[
				"jabber:client",
				"message",
				[
					["to", "a&b"],
					["{urn:p}x", "1€ 2 3"],
				],
				[["jabber:client", "body", [], ["é€😀 ]] >\n\nx\ny"]], ["urn:p", "e", [], [["", "f", [], []]]], "<&]]>"],
			],
			["jabber:client", "iq", [], []],
		]);
		expect(readStream(stream, everyByte(stream))).toEqual(whole);
		for (let cut = 1; cut < Buffer.byteLength(stream); cut++) expect(readStream(stream, [cut])).toEqual(whole);
	});

	it("joins text, CDATA sections and references to one string, and makes no empty text", () => {
		const { elements } = readStream(`${HEADER}<a>b<![CDATA[c]]>&#100;<![CDATA[]]></a><a><![CDATA[]]></a><a></a>`);
		expect(elements.map((element) => element[3])).toEqual([["bcd"], [], []]);
	});

	it("takes attributes such as __proto__ and hasOwnProperty for ordinary ones", () => {
		const { elements } = readStream(`${HEADER}<a __proto__='1' hasOwnProperty='2' constructor='3' toString='4'/>`);
		expect(elements[0]?.[2]).toEqual([
			["__proto__", "1"],
			["constructor", "3"],
			["hasOwnProperty", "2"],
			["toString", "4"],
		]);
	});

	it("drops white space between stanzas, as much as there may be", () => {
		const { events, seen, errors } = record();
		const parser = new StreamParser(events);
		parser.write(Buffer.from(HEADER));
		const space = Buffer.alloc(65_536, " \r\n\t");
		for (let i = 0; i < 64; i++) parser.write(space);
		parser.write(Buffer.from("<iq/>"));
		expect(errors).toEqual([]);
		expect(seen).toEqual(["start", "iq"]);
	});

	it("reads elements of one content namespace as of another, and leaves attributes and other namespaces alone", () => {
		const stream =
			"<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams'>" +
			"<iq xmlns:c='jabber:component:accept' c:a=''><c:x/><y xmlns='urn:y'/></iq>";
		const contentNs = { from: "jabber:component:accept", to: "jabber:client" };
		expect(readStream(stream, [], { contentNs }).elements).toEqual([
			[
				"jabber:client",
				"iq",
				[["{jabber:component:accept}a", ""]],
				[
					["jabber:client", "x", [], []],
					["urn:y", "y", [], []],
				],
			],
		]);
	});

	it("delivers what stands before an error, reports one error, and ignores all that follows", () => {
		const { events, seen } = record();
		const parser = new StreamParser(events);
		parser.write(Buffer.from(`${HEADER}<a/><b></c><d/>`));
		parser.write(Buffer.from("<e/><!-- -->\xff"));
		parser.restart();
		parser.write(Buffer.from(`${HEADER}<a/>`));
		expect(seen).toEqual(["start", "a", "not-well-formed"]);
	});

	it("says in an error what is wrong and where", () => {
		const first = `${HEADER}<a/>`;
		const { message } = readStream(`${first}<a b="1"c="2"/>`);
		expect(message).toBe(
			`something other than white space, / or > in a tag (not-well-formed, at byte ${first.length + 8})`,
		);
	});

	it("ignores what follows the end of the stream", () => {
		const { seen, events } = record();
		const parser = new StreamParser(events);
		parser.write(Buffer.from(`${HEADER}${END}<a/>\0`));
		parser.write(Buffer.from("<a/>"));
		expect(seen).toEqual(["start", "end"]);
	});

	it("takes an empty stream tag for header and end", () => {
		const { seen, events } = record();
		new StreamParser(events).write(Buffer.from(HEADER.replace(">", "/>")));
		expect(seen).toEqual(["start", "end"]);
	});

	it("starts a new stream in the middle of a chunk when restarted inside onElement", () => {
		const { seen, events, errors } = record({
			onElement: (element) => {
				if (element.name === "success") parser.restart();
			},
		});
		const parser = new StreamParser(events);
		const second = HEADER.replace("jabber:client", "jabber:server");
		parser.write(Buffer.from(`${HEADER}<success/><?xml version='1.0'?>${second}<iq/>${END}`));
		expect(errors).toEqual([]);
		expect(seen).toEqual(["start", "success", "start", "iq", "end"]);
	});

	it("starts a new stream when restarted between chunks, in whatever state it was", () => {
		for (const cut of ["", "<a", "<a><b x='", "<a>text", "<a>&am", "<a><![CDATA[]", "\n"]) {
			const { seen, events, errors } = record();
			const parser = new StreamParser(events);
			parser.write(Buffer.from(HEADER + cut));
			parser.write(Buffer.from([0xe2, 0x82]).subarray(0, cut.startsWith("<a>t") ? 2 : 0));
			parser.restart();
			parser.write(Buffer.from(`<?xml version='1.0'?>${HEADER}<b/>`));
			expect(errors).toEqual([]);
			expect(seen).toEqual(["start", "start", "b"]);
		}
	});

	it.each(["one chunk", "chunks of one byte"])(
		"takes white space between the streams for the old one's, in %s",
		(how) => {
			const { seen, events } = record({ onElement: (element) => element.name === "auth" && parser.restart() });
			const parser = new StreamParser(events);
			const bytes = Buffer.from(`${HEADER}<auth/>\n \r\n<?xml version='1.0'?>${HEADER}<iq/>`);
			if (how === "one chunk") parser.write(bytes);
			else for (const byte of bytes) parser.write(Buffer.from([byte]));
			expect(seen).toEqual(["start", "auth", "start", "iq"]);
			const strict = record();
			new StreamParser(strict.events).write(Buffer.from(`\n<?xml version='1.0'?>${HEADER}`));
			expect(strict.errors).toHaveLength(1);
		},
	);

	it("forgets the namespaces of the old stream on restart", () => {
		const { seen, events } = record({ onElement: () => parser.restart() });
		const parser = new StreamParser(events);
		parser.write(Buffer.from(`${HEADER.replace(">", " xmlns:p='urn:p'>")}<p:a/>${HEADER}<p:b/>`));
		expect(seen).toEqual(["start", "a", "start", "bad-namespace-prefix"]);
	});

	it("delivers nothing more once stopped inside an event", () => {
		for (const at of ["start", "a"]) {
			const { seen, events } = record({
				onStart: () => at === "start" && parser.stop(),
				onElement: () => parser.stop(),
			});
			const parser = new StreamParser(events);
			parser.write(Buffer.from(`${HEADER}<a/><b/>\0`));
			parser.write(Buffer.from("<c/>"));
			expect(seen).toEqual(at === "start" ? ["start"] : ["start", "a"]);
		}
	});

	it("tells inside an event how many bytes of the chunk are not delivered yet", () => {
		const unread: number[] = [];
		const { events } = record({
			onStart: () => unread.push(parser.unread),
			onElement: () => unread.push(parser.unread),
			onEnd: () => unread.push(parser.unread),
		});
		const parser = new StreamParser(events);
		parser.write(Buffer.from(`${HEADER}<a>é`));
		parser.write(Buffer.from([0xe2, 0x82]));
		parser.write(Buffer.concat([Buffer.from([0xac]), Buffer.from("</a><starttls/>"), Buffer.from([0x16, 0xe2, 0x82])]));
		expect(unread).toEqual([5, 14, 3]);
		expect(parser.unread).toBe(0);
	});

	it("finds nothing unread behind an element that ends its chunk", () => {
		let unread = -1;
		const { events } = record({ onElement: () => (unread = parser.unread) });
		const parser = new StreamParser(events);
		parser.write(Buffer.from(HEADER));
		parser.write(Buffer.from("<starttls/>"));
		expect(unread).toBe(0);
	});

	it.each(["onStart", "onElement", "onEnd", "onError"] as const)(
		"lets what %s throws out of write, and is stopped then",
		(name) => {
			const problem = new Error("handler");
			const { events, seen } = record({
				[name]: () => {
					throw problem;
				},
			});
			const parser = new StreamParser(events);
			const tail = name === "onEnd" ? END : "</b>";
			expect(() => parser.write(Buffer.from(`${HEADER}<a/>${tail}`))).toThrow(problem);
			const before = seen.length;
			parser.write(Buffer.from("<c/>"));
			expect(seen.length).toBe(before);
		},
	);

	it("refuses to be written to from inside an event", () => {
		const { events } = record({ onElement: () => parser.write(Buffer.from("<b/>")) });
		const parser = new StreamParser(events);
		expect(() => parser.write(Buffer.from(`${HEADER}<a/>`))).toThrow(/must not be called from inside/);
	});

	it("reads a chunk anew when its memory is used again", () => {
		const { events, elements } = record();
		const parser = new StreamParser(events);
		parser.write(Buffer.from(HEADER));
		const chunk = Buffer.alloc(11);
		for (const letter of "xyz") {
			chunk.write(`<a>${letter.repeat(4)}</a>`);
			parser.write(chunk);
			expect(elements.at(-1)?.text()).toBe(letter.repeat(4));
		}
	});

	it("reads plain Uint8Arrays, also those that view a part of a larger memory", () => {
		const { events, elements } = record();
		const parser = new StreamParser(events);
		parser.write(new TextEncoder().encode(HEADER));
		const text = "plain text that is long enough to be read in words of four bytes, with é and 😀\n and more";
		for (let offset = 0; offset < 8; offset++) {
			const bytes = new TextEncoder().encode(`${"x".repeat(offset)}<a>${text}</a>xx`);
			parser.write(bytes.subarray(offset, -2));
			expect(elements.at(-1)?.text()).toBe(text);
		}
	});
});
