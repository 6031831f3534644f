// Compares the parser with ltx and saxes, in one process and on the same bytes:
//   node --expose-gc packages/xml/bench/parser.mjs [--quick] [--json] [--skip-slow]
// Each case builds trees. ltx is fed strings, one `toString()` for each chunk, as @xmpp/client feeds it; saxes gets
// what a StringDecoder makes of the chunk. --skip-slow leaves out ltx on large text, which takes seconds. Numbers are the best of several rounds, taken in turns.
import { StringDecoder } from "node:string_decoder";
import { parseArgs } from "node:util";
import { StreamParser } from "@antiphon/xml";
import LtxElement from "ltx/lib/Element.js";
import LtxSax from "ltx/lib/parsers/ltx.js";
import { SaxesParser } from "saxes";

const { values: flags } = parseArgs({
	options: { quick: { type: "boolean" }, json: { type: "boolean" }, "skip-slow": { type: "boolean" } },
});
const HEADER = "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>";

const small = "<iq type='result' id='8mQx2' to='a@example.org/b'><r>ok</r></iq>";
const medium =
	"<iq type='get' id='8mQx2Zr6fN0a1B2c3D4e5F' from='worker@example.org/1' to='dictionary.define@fn.example.org/worker-7'>" +
	"<call xmlns='urn:antiphon:rpc:1' fn='dictionary.define' v='1.0.0' ttl='500' enc='msgpack'>" +
	"gaR3b3JkpHhtcHA".repeat(53).slice(0, 798) +
	"</call></iq>";
const large = `<message to='a@example.org'><body>${"It was the best of times, it was the worst. ".repeat(24_000).slice(0, 1 << 20)}</body></message>`;
const largeUtf8 = `<message to='a@example.org'><body>${"Ärger im Übermaß, größer als Öl. мир ".repeat(30_000).slice(0, 860_000)}</body></message>`;

/** A stanza again and again, cut into chunks of `chunkBytes`, or one stanza for each chunk. */
function chunksOf(stanza, repeat, chunkBytes) {
	if (chunkBytes === undefined) return Array.from({ length: repeat }, () => Buffer.from(stanza));
	const all = Buffer.from(stanza.repeat(repeat));
	const chunks = [];
	for (let at = 0; at < all.length; at += chunkBytes) chunks.push(Buffer.from(all.subarray(at, at + chunkBytes)));
	return chunks;
}

const cases = [
	{ name: "64 B, many per 64 KiB chunk", stanza: small, repeat: 4_000, chunkBytes: 65_536 },
	{ name: "64 B, one per chunk", stanza: small, repeat: 4_000 },
	{ name: "1 KiB, many per 64 KiB chunk", stanza: medium, repeat: 1_000, chunkBytes: 65_536 },
	{ name: "1 KiB, one per chunk", stanza: medium, repeat: 1_000 },
	{ name: "1 MiB text, 64 KiB chunks", stanza: large, repeat: 2, chunkBytes: 65_536, heavy: true },
	{ name: "1 MiB text, 1,448 B chunks", stanza: large, repeat: 2, chunkBytes: 1_448, heavy: true },
	{ name: "1 MiB text not ASCII, 64 KiB chunks", stanza: largeUtf8, repeat: 2, chunkBytes: 65_536, heavy: true },
];

const parsers = {
	antiphon(onStanza) {
		const events = {
			onStart() {},
			onElement: onStanza,
			onEnd() {},
			onError(error) {
				throw error;
			},
		};
		const parser = new StreamParser(events, { limits: { maxStanzaBytes: 4 << 20 } });
		parser.write(Buffer.from(HEADER));
		return (chunk) => parser.write(chunk);
	},
	ltx(onStanza) {
		const parser = new LtxSax();
		let root;
		let cursor;
		parser.on("startElement", (name, attributes) => {
			const element = new LtxElement(name, attributes);
			if (root === undefined) root = element;
			else if (cursor !== root) cursor.append(element);
			cursor = element;
		});
		parser.on("endElement", () => {
			if (cursor.parent) cursor = cursor.parent;
			else {
				onStanza(cursor);
				cursor = root;
			}
		});
		parser.on("text", (text) => cursor.t(text));
		parser.write(HEADER);
		return (chunk) => parser.write(chunk.toString("utf8"));
	},
	saxes(onStanza) {
		const parser = new SaxesParser({ xmlns: true });
		const decoder = new StringDecoder("utf8");
		const open = [];
		parser.on("error", (error) => {
			throw error;
		});
		parser.on("opentag", (tag) =>
			open.push({ name: tag.local, ns: tag.uri, attributes: tag.attributes, children: [] }),
		);
		parser.on("text", (text) => open.at(-1).children.push(text));
		parser.on("closetag", () => {
			const element = open.pop();
			if (open.length > 1) open.at(-1).children.push(element);
			else onStanza(element);
		});
		parser.write(HEADER);
		return (chunk) => parser.write(decoder.write(chunk));
	},
};

function round(make, chunks) {
	let stanzas = 0;
	let characters = 0;
	const write = make((element) => {
		stanzas++;
		// Reading a character makes the engine put the text together, if it has not been yet.
		const text = element.children[0]?.children[0];
		if (typeof text === "string") characters += text.charCodeAt(text.length >> 1) > 0 ? text.length : 0;
	});
	// Time of the processor, not of the clock on the wall: others may want the machine, too.
	const start = process.cpuUsage();
	for (const chunk of chunks) write(chunk);
	const { user, system } = process.cpuUsage(start);
	return { ns: (user + system) * 1000, stanzas, characters };
}

function measure({ name, stanza, repeat, chunkBytes, heavy }) {
	const chunks = chunksOf(stanza, repeat, chunkBytes);
	const bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
	const best = {};
	// Many short rounds: the best of them is what the machine can do when nothing else wants it.
	const rounds = heavy ? (flags.quick ? 8 : 20) : flags.quick ? 80 : 300;
	for (let i = 0; i < rounds; i++) {
		for (const [parser, make] of Object.entries(parsers)) {
			// ltx scans long text again for each chunk: one large stanza in few rounds is enough to see it.
			const slow = heavy && parser === "ltx";
			if (slow && (i > 0 || flags["skip-slow"])) continue;
			const part = slow ? chunks.slice(0, Math.ceil(chunks.length / repeat)) : chunks;
			const { ns } = round(make, part);
			const perByte = ns / part.reduce((sum, chunk) => sum + chunk.length, 0);
			best[parser] = Math.min(best[parser] ?? Number.POSITIVE_INFINITY, perByte);
		}
	}
	const row = { name, stanzaBytes: Buffer.byteLength(stanza), bytes };
	for (const [parser, perByte] of Object.entries(best)) {
		row[parser] = { mbPerSecond: 1000 / perByte, nsPerStanza: perByte * Buffer.byteLength(stanza) };
	}
	return row;
}

/** Bytes of heap and buffers that one parser takes between stanzas. Needs --expose-gc. */
function measureMemory() {
	const { gc } = globalThis;
	if (gc === undefined) return undefined;
	const inUse = () => {
		gc();
		const { heapUsed, external } = process.memoryUsage();
		return heapUsed + external;
	};
	const kept = new Array(5_000).fill(undefined);
	const chunk = Buffer.from(small);
	const before = inUse();
	for (let i = 0; i < kept.length; i++) {
		kept[i] = parsers.antiphon(() => {});
		kept[i](chunk);
	}
	const bytes = Math.round((inUse() - before) / kept.length);
	// A use after the measurement, so that nothing is collected before it.
	for (const write of kept) write(chunk);
	return bytes;
}

// First, while there is little else to collect.
const bytesPerParser = measureMemory();
const rows = cases.map(measure);
if (flags.json) {
	console.log(JSON.stringify({ node: process.version, bytesPerParser, rows }));
} else {
	const columns = Object.keys(parsers);
	console.log(["".padEnd(38), ...columns.map((name) => name.padStart(24))].join(""));
	for (const row of rows) {
		const cells = columns.map((parser) => {
			if (row[parser] === undefined) return "".padStart(24);
			const { mbPerSecond, nsPerStanza } = row[parser];
			return `${mbPerSecond.toFixed(0)} MB/s ${(nsPerStanza / 1000).toFixed(2)} µs`.padStart(24);
		});
		console.log([row.name.padEnd(38), ...cells].join(""));
	}
	if (bytesPerParser !== undefined) console.log(`memory of one parser between stanzas: ${bytesPerParser} bytes`);
}
