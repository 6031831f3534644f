import type { Element } from "../element.js";
import { StreamParser, type StreamParserOptions } from "../stream-parser.js";

export const HEADER =
	"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>";
export const END = "</stream:stream>";
/** A byte that means something everywhere: < */
const WIPED = 0x3c;

/** An element as plain arrays: namespace, name, attributes sorted by name, children. */
export type Plain = [ns: string, name: string, attributes: [string, string][], children: (Plain | string)[]];

export interface Reading {
	header: Plain | undefined;
	elements: Plain[];
	ended: boolean;
	/** Bytes up to and with the end tag of the stream, if it ended. */
	endOffset: number | undefined;
	condition: string | undefined;
	message: string | undefined;
	errors: number;
}

/** Feeds a stream to a parser, cut at `cuts` (byte offsets in any order), and notes what comes out. */
export function readStream(
	input: string | Uint8Array,
	cuts: Iterable<number> = [],
	options: StreamParserOptions = {},
): Reading {
	const bytes = typeof input === "string" ? Buffer.from(input) : input;
	const reading: Reading = {
		header: undefined,
		elements: [],
		ended: false,
		endOffset: undefined,
		condition: undefined,
		message: undefined,
		errors: 0,
	};
	let written = 0;
	const parser = new StreamParser(
		{
			onStart: (header) => {
				reading.header = plain(header);
			},
			onElement: (element) => reading.elements.push(plain(element)),
			onEnd: () => {
				reading.ended = true;
				reading.endOffset = written - parser.unread;
			},
			onError: (error) => {
				reading.errors++;
				reading.condition = error.condition;
				reading.message = error.message;
			},
		},
		options,
	);
	feed(bytes, cuts, (chunk, to) => {
		written = to;
		parser.write(chunk);
	});
	return reading;
}

/** Cuts bytes at `cuts`, in any order. Each chunk is a copy, wiped behind `write`: the parser must not look at it again. */
export function feed(bytes: Uint8Array, cuts: Iterable<number>, write: (chunk: Buffer, to: number) => void): void {
	const isCut = new Uint8Array(bytes.length + 1);
	for (const cut of cuts) if (cut <= bytes.length) isCut[cut] = 1;
	isCut[bytes.length] = 1;
	// Most chunks are of one byte. Two in turn serve for them all, so that the last one is wiped still while the next is read.
	let single = Buffer.alloc(1, WIPED);
	let wiped = Buffer.alloc(1, WIPED);
	for (let from = 0, to = 0; to <= bytes.length; to++) {
		if (isCut[to] === 0) continue;
		if (to - from === 1) {
			[single, wiped] = [wiped, single];
			single[0] = bytes[from] as number;
			write(single, to);
			single[0] = WIPED;
		} else {
			const chunk = Buffer.from(bytes.subarray(from, to));
			write(chunk, to);
			chunk.fill(WIPED);
		}
		from = to;
	}
}

/** Bytes in chunks of one size, which are not copies. */
export function inChunks(bytes: Buffer, size: number): Buffer[] {
	const chunks: Buffer[] = [];
	for (let from = 0; from < bytes.length; from += size) chunks.push(bytes.subarray(from, from + size));
	return chunks;
}

export function everyByte(input: string | Uint8Array): number[] {
	const length = typeof input === "string" ? Buffer.byteLength(input) : input.length;
	const cuts: number[] = [];
	for (let i = 0; i < length; i++) cuts.push(i);
	return cuts;
}

export function plain(element: Element): Plain {
	const attributes: [string, string][] = [];
	for (let i = 0; i < element.attributes.length; i += 2) {
		attributes.push([element.attributes[i] as string, element.attributes[i + 1] as string]);
	}
	attributes.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
	const children = element.children.map((child) => (typeof child === "string" ? child : plain(child)));
	return [element.ns, element.name, attributes, children];
}
