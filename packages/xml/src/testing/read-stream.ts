import type { Element } from "../element.js";
import { StreamParser, type StreamParserOptions } from "../stream-parser.js";

export const HEADER =
	"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>";
export const END = "</stream:stream>";

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
	const places = [...new Set(cuts), bytes.length].filter((cut) => cut <= bytes.length).sort((a, b) => a - b);
	let from = 0;
	for (const to of places) {
		written = to;
		// A copy, wiped afterwards: the parser must not look at a chunk again.
		const chunk = Buffer.from(bytes.subarray(from, to));
		parser.write(chunk);
		chunk.fill(0x3c);
		from = to;
	}
	return reading;
}

export function everyByte(input: string | Uint8Array): number[] {
	const length = typeof input === "string" ? Buffer.byteLength(input) : input.length;
	return Array.from({ length }, (_, i) => i);
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
