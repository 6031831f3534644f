import { CharacterData } from "./character-data.js";
import {
	APOS,
	BANG,
	EQUALS,
	GT,
	HYPHEN,
	isSpace,
	LEFT_BRACKET,
	LT,
	NAME_BYTE,
	QUESTION,
	QUOT,
	SLASH,
	SPACE,
} from "./chars.js";
import type { XmlLimits } from "./limits.js";
import { HASH_SEED, makeName, type Name, nameOf, unkeptName } from "./name.js";
import { Reference } from "./reference.js";
import { checkDeclaration } from "./xml-declaration.js";
import { OverLimit, Refusal, type StreamCondition } from "./xml-error.js";

/**
 * What comes after a tag: the content of an element, the space between stanzas, the end of a document, where only white
 * space may follow, a new stream, or nothing at all.
 */
export type After = "content" | "between" | "epilog" | "restart" | "stop";

/** Takes the tokens. What it refuses, it throws as a `Refusal`. */
export interface TokenSink {
	openTag(name: Name): void;
	attribute(name: Name, value: string): void;
	openTagEnd(empty: boolean): After;
	closeTag(name: Name): After;
	text(text: string): void;
}

// Where the tokenizer stands. Each state can be left and come back to at any byte.
const OUTSIDE = 0; //         before the root, between stanzas
const TEXT = 1;
const MARKUP = 2; //          after <
const OPEN_NAME = 3;
const CLOSE_NAME = 4;
const CLOSE_END = 5; //       after the name of an end tag
const TAG = 6; //             in a start tag, after white space
const TAG_NO_SPACE = 7; //    in a start tag, after its name or a value
const EMPTY_END = 8; //       after the / of an empty tag
const ATTRIBUTE_NAME = 9;
const ATTRIBUTE_EQUALS = 10;
const ATTRIBUTE_QUOTE = 11;
const VALUE = 12;
const REFERENCE = 13;
const DECLARATION_START = 14; // after <!
const CDATA_START = 15;
const CDATA = 16;
const INSTRUCTION = 17; //    after <?
const XML_DECLARATION = 18;
const EPILOG = 19;
const STOPPED = 20;

const CDATA_OPEN = Buffer.from("[CDATA[");
const XML = Buffer.from("xml");

/**
 * Cuts bytes that are valid UTF-8 into tags, attributes and text. It looks at each byte a bounded number of times
 * wherever the chunks are cut, and keeps nothing of a chunk but the token that is under way.
 *
 * It is long because it is one machine: a chunk may end in any state and the next one goes on there, so the states stand
 * in one switch, and what they share in locals of one function, where the compiler keeps them in registers. What can
 * stand alone does: character data, references, names, the XML declaration.
 */
export class Tokenizer {
	/** Stream offset of the first byte of the chunk. */
	base = 0;
	/** Bytes of the chunk that are done; exact while the sink is called. */
	consumed = 0;
	limits: XmlLimits;
	readonly #ownSink: TokenSink;
	/** Its own; another while an element is skipped. */
	#sink: TokenSink;
	readonly #data = new CharacterData();
	readonly #reference = new Reference();
	#state: number = OUTSIDE;
	/** Stream offset where the stream, since the last restart, begins. */
	#streamStart = 0;
	/** White space that comes now still belongs to the stream before. */
	#mayLinger = false;
	/** Stream offset where the stanza or header under way begins; -1 between stanzas. */
	#unitStart = 0;
	#inContent = false;
	#suspended = false;
	#nameBytes = 0;
	#nameHash = HASH_SEED;
	#quote = 0;
	#matched = 0;
	#referenceIn: typeof TEXT | typeof VALUE = TEXT;
	#attribute: Name | undefined;
	#closing: Name | undefined;

	constructor(sink: TokenSink, limits: XmlLimits) {
		this.#ownSink = sink;
		this.#sink = sink;
		this.limits = limits;
	}

	get isSkipping(): boolean {
		return this.#sink !== this.#ownSink;
	}

	/** Bytes of the stanza or header under way, exact while the sink is called and between chunks; 0 where there is none. */
	get unitBytes(): number {
		return this.#unitStart < 0 ? 0 : this.base + this.consumed - this.#unitStart;
	}

	/**
	 * After `run` has thrown an OverLimit inside an element: takes up where it was. What the sink threw at, it has, because
	 * `run` takes the state behind a token before it hands the token over. The rest of the element goes to `sink` and nothing
	 * of it is kept; behind it all is as before.
	 * @returns how much of the chunk is done; the rest is to be given to `run`
	 */
	skip(sink: TokenSink): number {
		this.#sink = sink;
		this.#data.text.discards = true;
		this.#data.release();
		const done = this.consumed;
		this.base += done;
		this.consumed = 0;
		return done;
	}

	/** While the sink is called: `run` returns behind the stanza or header that ends here, if one does. */
	suspend(): void {
		this.#suspended = true;
	}

	stop(): void {
		this.#endSkipping();
		this.#state = STOPPED;
		this.#data.clear();
	}

	/** What follows is a new stream, behind white space that was sent behind the last element. Between chunks only. */
	restart(): void {
		this.#endSkipping();
		this.#data.clear();
		this.#beginStream(this.base);
		this.#mayLinger = true;
	}

	/**
	 * @param chunk whole characters of UTF-8. @param ascii whether there is nothing but ASCII in it
	 * @returns how many bytes were read: all, unless stopped or suspended
	 * @throws Refusal, and whatever the sink throws
	 */
	run(chunk: Buffer, ascii: boolean): number {
		this.#suspended = false;
		let sink = this.#sink;
		const data = this.#data;
		const text = data.text;
		const nameByte = NAME_BYTE;
		let end = this.#bound(chunk.length);
		let i = 0;
		while (i < end) {
			const byte = chunk[i] as number;
			switch (this.#state) {
				case OUTSIDE:
					if (isSpace(byte)) {
						i++;
						if (this.#mayLinger) this.#unitStart = this.#streamStart = this.base + i;
					} else if (byte === LT) {
						this.#mayLinger = false;
						if (this.#unitStart < 0) {
							this.#unitStart = this.base + i;
							end = this.#bound(chunk.length);
						}
						i++;
						this.#state = MARKUP;
					} else {
						this.#refuseOutside(byte, i);
					}
					break;

				case TEXT:
					i = data.readText(chunk, i, end, ascii);
					if (data.runEnd === "markup") this.#state = MARKUP;
					else if (data.runEnd === "reference") this.#beginReference(TEXT);
					break;

				case MARKUP:
					if (byte === BANG) {
						i++;
						this.#state = DECLARATION_START;
						break;
					}
					this.consumed = i;
					if (!text.isEmpty) sink.text(text.take());
					if (byte === SLASH) {
						i++;
						this.#beginName(CLOSE_NAME);
					} else if (byte === QUESTION) {
						i++;
						this.#matched = 0;
						this.#state = INSTRUCTION;
					} else {
						this.#beginName(OPEN_NAME);
					}
					break;

				case OPEN_NAME:
				case ATTRIBUTE_NAME:
				case CLOSE_NAME: {
					const start = i;
					let hash = this.#nameHash;
					let next = byte;
					while (nameByte[next] !== 0) {
						hash = (Math.imul(hash, 31) + next) | 0;
						if (++i === end) break;
						next = chunk[i] as number;
					}
					const size = this.#nameBytes + i - start;
					if (size > this.limits.maxNameBytes && !this.isSkipping) {
						this.consumed = i;
						this.#nameBytes = size;
						this.#nameHash = hash;
						throw new OverLimit("maxNameBytes", "a name is too long");
					}
					if (i === end) {
						text.append(chunk, start, i, ascii);
						this.#nameBytes = size;
						this.#nameHash = hash;
						break;
					}
					this.consumed = i;
					if (size === 0) this.#refuseNameStart(next, i);
					let name: Name;
					if (this.isSkipping) name = unkeptName(hash);
					else if (this.#nameBytes === 0) name = nameOf(chunk, start, i, hash);
					else {
						text.append(chunk, start, i, ascii);
						name = makeName(text.take(), hash);
					}
					if (this.#state === OPEN_NAME) {
						this.#state = TAG_NO_SPACE;
						sink.openTag(name);
					} else if (this.#state === ATTRIBUTE_NAME) {
						this.#attribute = name;
						const quote = i + 1 < end ? (chunk[i + 1] as number) : 0;
						if (next === EQUALS && (quote === APOS || quote === QUOT)) {
							// The usual case, and so often that the way around shows.
							i += 2;
							this.#quote = quote;
							this.#state = VALUE;
						} else {
							this.#state = ATTRIBUTE_EQUALS;
						}
					} else {
						this.#closing = name;
						this.#state = CLOSE_END;
					}
					break;
				}

				case TAG_NO_SPACE:
				case TAG:
					if (byte === SPACE) {
						i++;
						this.#state = TAG;
					} else if (byte === GT) {
						this.consumed = ++i;
						this.#state = TEXT;
						if (this.#goOn(sink.openTagEnd(false))) {
							end = this.#bound(chunk.length);
							sink = this.#sink;
						}
					} else if (byte === SLASH) {
						i++;
						this.#state = EMPTY_END;
					} else if (isSpace(byte)) {
						i++;
						this.#state = TAG;
					} else if (this.#state === TAG) {
						this.#beginName(ATTRIBUTE_NAME);
					} else {
						this.#fail(i, "not-well-formed", "something other than white space, / or > in a tag");
					}
					break;

				case EMPTY_END:
					if (byte !== GT) this.#fail(i, "not-well-formed", "/ without > in a tag");
					this.consumed = ++i;
					this.#state = TEXT;
					if (this.#goOn(sink.openTagEnd(true))) {
						end = this.#bound(chunk.length);
						sink = this.#sink;
					}
					break;

				case CLOSE_END:
					if (byte === GT) {
						this.consumed = ++i;
						this.#state = TEXT;
						if (this.#goOn(sink.closeTag(this.#closing as Name))) {
							end = this.#bound(chunk.length);
							sink = this.#sink;
						}
					} else if (isSpace(byte)) {
						i++;
					} else {
						this.#fail(i, "not-well-formed", "something other than white space and > in an end tag");
					}
					break;

				case ATTRIBUTE_EQUALS:
					if (byte === EQUALS) this.#state = ATTRIBUTE_QUOTE;
					else if (!isSpace(byte)) this.#fail(i, "not-well-formed", "an attribute without a value");
					i++;
					break;

				case ATTRIBUTE_QUOTE:
					if (byte === APOS || byte === QUOT) {
						this.#quote = byte;
						this.#state = VALUE;
					} else if (!isSpace(byte)) {
						this.#fail(i, "not-well-formed", "an attribute value without quotes");
					}
					i++;
					break;

				case VALUE:
					i = data.readValue(chunk, i, end, ascii, this.#quote);
					if (data.runEnd === "quote") {
						this.consumed = i;
						this.#state = TAG_NO_SPACE;
						sink.attribute(this.#attribute as Name, data.value);
						if (i + 1 < end && chunk[i] === SPACE && nameByte[chunk[i + 1] as number] !== 0) {
							i++;
							this.#beginName(ATTRIBUTE_NAME);
						}
					} else if (data.runEnd === "reference") this.#beginReference(VALUE);
					break;

				case REFERENCE: {
					this.consumed = i;
					const codePoint = this.#reference.next(byte, this.limits.maxNameBytes);
					i++;
					if (codePoint >= 0) {
						text.appendCodePoint(codePoint);
						this.#state = this.#referenceIn;
					}
					break;
				}

				case DECLARATION_START:
					if (byte !== LEFT_BRACKET) this.#refuseDeclaration(byte, i);
					if (!this.#inContent) this.#fail(i, "not-well-formed", "a CDATA section outside of any element");
					i++;
					this.#matched = 1;
					this.#state = CDATA_START;
					break;

				case CDATA_START:
					if (byte !== CDATA_OPEN[this.#matched]) this.#fail(i, "not-well-formed", "<![ that begins no CDATA section");
					i++;
					if (++this.#matched === CDATA_OPEN.length) this.#state = CDATA;
					break;

				case CDATA:
					i = data.readCdata(chunk, i, end, ascii);
					if (data.runEnd === "section") this.#state = TEXT;
					break;

				case INSTRUCTION:
					if (this.#matched < XML.length) {
						if (byte !== XML[this.#matched]) this.#fail(i, "restricted-xml", "a processing instruction");
						i++;
						this.#matched++;
						break;
					}
					if (NAME_BYTE[byte] !== 0) this.#fail(i, "restricted-xml", "a processing instruction");
					if (this.base + i !== this.#streamStart + "<?xml".length) {
						this.#fail(i, "not-well-formed", "an XML declaration that is not the very first thing in a stream");
					}
					this.#state = XML_DECLARATION;
					break;

				case XML_DECLARATION: {
					const gt = chunk.indexOf(GT, i);
					const stop = gt < 0 || gt >= end ? end : gt;
					text.append(chunk, i, stop, ascii);
					this.consumed = i = stop;
					if (i === end) break;
					i++;
					checkDeclaration(text.take());
					this.#state = OUTSIDE;
					break;
				}

				case EPILOG:
					if (!isSpace(byte)) this.#fail(i, "not-well-formed", "something behind the end of the document");
					i++;
					break;

				default:
					i = end;
			}
		}
		this.consumed = i;
		if (i < chunk.length && this.#state !== STOPPED && !this.#suspended) this.#refuseSize(i);
		data.release();
		this.base += i;
		this.consumed = 0;
		return i;
	}

	#beginName(state: typeof OPEN_NAME | typeof CLOSE_NAME | typeof ATTRIBUTE_NAME): void {
		this.#nameBytes = 0;
		this.#nameHash = HASH_SEED;
		this.#state = state;
	}

	#beginReference(within: typeof TEXT | typeof VALUE): void {
		this.#reference.begin();
		this.#referenceIn = within;
		this.#state = REFERENCE;
	}

	/** After a tag, in the state TEXT: takes the one that follows. @returns whether the bounds of the stanza must be drawn anew */
	#goOn(after: After): boolean {
		switch (after) {
			case "content":
				this.#inContent = true;
				return false;
			case "between":
				this.#endSkipping();
				this.#inContent = false;
				this.#unitStart = -1;
				this.#state = OUTSIDE;
				return true;
			case "epilog":
				this.#state = EPILOG;
				return false;
			case "restart":
				this.#endSkipping();
				this.#beginStream(this.base + this.consumed);
				this.#mayLinger = true;
				return true;
			case "stop":
				this.stop();
				return true;
		}
	}

	#endSkipping(): void {
		if (!this.isSkipping) return;
		this.#sink = this.#ownSink;
		this.#data.text.discards = false;
	}

	#beginStream(offset: number): void {
		this.#state = OUTSIDE;
		this.#inContent = false;
		this.#streamStart = offset;
		this.#unitStart = offset;
	}

	/** The end of what may be read of this chunk before a limit on bytes is reached; 0 once suspended. */
	#bound(length: number): number {
		if (this.#suspended) return 0;
		const { maxStreamBytes, maxStanzaBytes, maxSkippedBytes } = this.limits;
		const maxBytes = this.isSkipping ? maxSkippedBytes : maxStanzaBytes;
		const unitEnd = this.#unitStart < 0 ? Number.POSITIVE_INFINITY : this.#unitStart + maxBytes;
		return Math.max(0, Math.min(length, unitEnd - this.base, maxStreamBytes - this.base));
	}

	get #isProlog(): boolean {
		return this.#unitStart === this.#streamStart;
	}

	#refuseSize(at: number): never {
		if (this.base + at >= this.limits.maxStreamBytes) this.#fail(at, "policy-violation", "too many bytes");
		if (this.#isProlog) this.#fail(at, "policy-violation", "the stream header is too large");
		if (this.isSkipping) this.#fail(at, "policy-violation", "a stanza is too large even to be skipped");
		throw new OverLimit("maxStanzaBytes", "a stanza is too large", at);
	}

	#refuseOutside(byte: number, at: number): never {
		this.#refuseWideEncoding(byte, at);
		// U+FEFF is a character like others, wherever it stands (RFC 6120 section 11.6), hence no byte order mark either.
		if (this.#isProlog) this.#fail(at, "not-well-formed", "something other than white space before the stream header");
		this.#fail(at, "not-well-formed", "text between stanzas");
	}

	#refuseNameStart(byte: number, at: number): never {
		this.#refuseWideEncoding(byte, at);
		this.#fail(at, "not-well-formed", "no name where there must be one");
	}

	/** A NUL among the first two bytes is UTF-16 or UTF-32 without a byte order mark. */
	#refuseWideEncoding(byte: number, at: number): void {
		if (byte === 0 && this.base + at < this.#streamStart + 2) {
			this.#fail(at, "unsupported-encoding", "an encoding other than UTF-8");
		}
	}

	/** After <! comes neither a CDATA section, nor anything else that RFC 6120 section 11.1 allows. */
	#refuseDeclaration(byte: number, at: number): never {
		if (byte === HYPHEN) this.#fail(at, "restricted-xml", "a comment");
		// DOCTYPE, and the ELEMENT, ENTITY, ATTLIST, NOTATION of its inside
		if (byte === 0x44 || byte === 0x45 || byte === 0x41 || byte === 0x4e) {
			this.#fail(at, "restricted-xml", "a document type declaration");
		}
		this.#fail(at, "not-well-formed", "<! that begins nothing");
	}

	#fail(at: number, condition: StreamCondition, problem: string): never {
		throw new Refusal(condition, problem, at);
	}
}
