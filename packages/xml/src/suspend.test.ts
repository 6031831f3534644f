import { describe, expect, it } from "vitest";
import { serialize } from "./serialize.js";
import { type StreamEvents, StreamParser } from "./stream-parser.js";

const HEADER = "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";

/** Reads chunks, suspending in each event of which `when` says so, and what was left again and again. */
function read(chunks: readonly Uint8Array[], when: () => boolean, skips = false) {
	const seen: string[] = [];
	let writes = 0;
	const pause = (what: string): void => {
		seen.push(what);
		if (when()) parser.suspend();
	};
	const events: StreamEvents = {
		onStart: (header) => pause(header.name),
		onElement: (element) => {
			if (element.name === "again") parser.restart();
			pause(serialize(element, "jabber:client"));
		},
		onEnd: () => pause("end"),
		onError: (error) => void seen.push(`${error.condition}: ${error.message}`),
	};
	const parser = new StreamParser(events, { limits: { maxStanzaBytes: 200, maxChildren: 3 } });
	if (skips) parser.skipOverLimit(({ bytes, limit }) => pause(`${limit} ${bytes}`));
	for (const chunk of chunks) {
		for (let unread = chunk.length; unread > 0; writes++) unread = parser.write(chunk.subarray(chunk.length - unread));
	}
	return { seen, writes };
}

const cut = (bytes: Buffer, size: number) =>
	Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.subarray(i * size, (i + 1) * size));

describe("A parser that is suspended", () => {
	it("returns behind the element under way, and reads on where it was", () => {
		const seen: string[] = [];
		const parser = new StreamParser({
			onStart: () => {},
			onElement: (element) => {
				seen.push(element.name);
				parser.suspend();
			},
			onEnd: () => void seen.push("end"),
			onError: () => void seen.push("error"),
		});
		const chunk = Buffer.from(`${HEADER}<a>é</a> <b/><c`);
		expect(parser.write(chunk)).toBe(" <b/><c".length);
		expect([seen, parser.unread]).toEqual([["a"], 0]);
		expect(parser.write(chunk.subarray(-" <b/><c".length))).toBe("<c".length);
		expect(parser.write(Buffer.from("<c"))).toBe(0);
		expect(parser.write(Buffer.from("/>"))).toBe(0);
		expect(seen).toEqual(["a", "b", "c"]);
		parser.suspend();
		expect(parser.write(Buffer.from("<d/></stream:stream>"))).toBe("</stream:stream>".length);
		expect(parser.write(Buffer.from("</stream:stream>"))).toBe(0);
		expect(seen).toEqual(["a", "b", "c", "d", "end"]);
	});

	const streams: readonly (readonly [string, Buffer])[] = [
		["ASCII", Buffer.from(`${HEADER}<a/> <b x='1'>t</b><again/>${HEADER}<c/></stream:stream>`)],
		["characters of several bytes", Buffer.from(`${HEADER}<a>é€</a><b x='𝄞'/>\n<c>€</c><again/>${HEADER}<é/>`)],
		["elements over a limit", Buffer.from(`${HEADER}<a/><b><x/><x/><x/><x/></b><c>${"€".repeat(90)}</c><d/>`)],
		["bytes that are no UTF-8", Buffer.concat([Buffer.from(`${HEADER}<a/><b/>é<`), Buffer.from([0xff])])],
		[
			"bytes that are no UTF-8, behind elements",
			Buffer.concat([Buffer.from(`${HEADER}<a/><b/>`), Buffer.from([0xff])]),
		],
		["what is not well-formed", Buffer.from(`${HEADER}<a/><b/><c></d>`)],
	];
	it.each(streams)("reads the same as one that is not, however it is cut: %s", (_what, bytes) => {
		for (const skips of [false, true]) {
			for (const size of [1, 2, 3, 7, 64, 1000]) {
				const chunks = cut(bytes, size);
				const plain = read(chunks, () => false, skips);
				let turn = 0;
				const always = read(chunks, () => true, skips);
				const often = read(chunks, () => turn++ % 2 === 0, skips);
				expect([always.seen, often.seen]).toEqual([plain.seen, plain.seen]);
				if (size === 1000) expect(always.writes).toBeGreaterThan(plain.writes);
			}
		}
	});

	it("has nothing left once it was stopped as well", () => {
		const parser = new StreamParser({
			onStart: () => {},
			onElement: () => {
				parser.suspend();
				parser.stop();
			},
			onEnd: () => {},
			onError: () => {},
		});
		expect(parser.write(Buffer.from(`${HEADER}<a/><b/>`))).toBe(0);
		expect(parser.write(Buffer.from("<b/>"))).toBe(0);
	});
});

describe("What a parser holds of an unfinished element", () => {
	const silent = { onStart: () => {}, onElement: () => {}, onEnd: () => {}, onError: () => {} };

	it("is counted in memory, by its bytes and its nodes, and is nothing between elements", () => {
		const parser = new StreamParser(silent);
		const held = (text: string) => {
			parser.write(Buffer.from(text));
			return parser.heldBytes;
		};
		expect(parser.heldBytes).toBe(0);
		expect(held(HEADER)).toBe(0);
		expect(held("<a/> ")).toBe(0);
		expect(held("<a>")).toBe(3 + 64);
		expect(held("<b/>".repeat(100))).toBe(3 + 64 + 100 * (4 + 64));
		expect(held("<c d='e'>text</")).toBe(3 + 64 + 100 * (4 + 64) + 15 + 3 * 64);
		expect(held("c></a>")).toBe(0);
		expect(held("<f>")).toBe(3 + 64);
		parser.stop();
		expect(parser.heldBytes).toBe(0);
	});

	it("is nothing while an element is skipped, and after a restart", () => {
		const parser = new StreamParser(silent, { limits: { maxChildren: 2 } });
		parser.skipOverLimit(() => {});
		parser.write(Buffer.from(`${HEADER}<a><b/><b/>`));
		expect(parser.heldBytes).toBeGreaterThan(0);
		parser.write(Buffer.from("<b/><b/>"));
		expect(parser.heldBytes).toBe(0);
		parser.write(Buffer.from("</a><b>"));
		expect(parser.heldBytes).toBe(3 + 64);
		parser.restart();
		expect(parser.heldBytes).toBe(0);
	});
});
