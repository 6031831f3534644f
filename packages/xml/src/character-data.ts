import {
	AMP,
	APOS,
	CDATA_STOP,
	CR,
	GT,
	LF,
	LT,
	QUOT,
	RIGHT_BRACKET,
	SPACE,
	skipPlain,
	TAB,
	VALUE_STOP,
} from "./chars.js";
import { PlainText } from "./plain-text.js";
import { StringWindow } from "./string-window.js";
import { TextBuffer } from "./text-buffer.js";
import { Refusal } from "./xml-error.js";

/** What a run of characters came to: the end of the chunk, < or &, the closing quote, the end of a CDATA section. */
export type RunEnd = "chunk" | "markup" | "reference" | "quote" | "section";

/**
 * Reads text, attribute values and CDATA sections: checks the characters, normalises line ends (XML 1.0 section 2.11)
 * and values (section 3.3.3). Each method reads on from `from`, returns where it stopped, and leaves in `runEnd` why.
 */
export class CharacterData {
	runEnd: RunEnd = "chunk";
	/** The value, after `runEnd` was "quote". */
	value = "";
	/** What is put together so far of the token under way. */
	readonly text = new TextBuffer();
	readonly #plain = new PlainText();
	readonly #window = new StringWindow();
	/** The chunk before ended with CR, so that LF is no second line end. */
	#afterCr = false;
	/** How many ] stand directly before this point, at most 2. In a CDATA section they are not in `text` yet. */
	#brackets = 0;

	clear(): void {
		this.text.clear();
		this.#afterCr = false;
		this.#brackets = 0;
	}

	/** Lets go of the chunk. */
	release(): void {
		this.#plain.clear();
		this.#window.clear();
	}

	/** Text, up to and with < or &. @throws Refusal */
	readText(chunk: Buffer, from: number, end: number, ascii: boolean): number {
		const text = this.text;
		let start = this.#afterCr ? this.#skipLf(chunk, from) : from;
		let i = start;
		for (i = this.#plain.skip(chunk, i, end, ascii); i < end; i = this.#plain.skip(chunk, i + 1, end, ascii)) {
			switch (chunk[i]) {
				case LT:
					if (!text.isEmpty) text.append(chunk, start, i, ascii);
					else if (i > start && !text.discards) text.start(this.#window.slice(chunk, start, i, ascii));
					this.#brackets = 0;
					this.runEnd = "markup";
					return i + 1;
				case AMP:
					text.append(chunk, start, i, ascii);
					this.#brackets = 0;
					this.runEnd = "reference";
					return i + 1;
				case CR:
					text.append(chunk, start, i, ascii);
					text.appendCodePoint(LF);
					this.#brackets = 0;
					start = i + 1;
					if (start === end) this.#afterCr = true;
					else if (chunk[start] === LF) start = ++i + 1;
					break;
				case GT:
					if (this.#bracketsBefore(chunk, start, i) === 2) throw new Refusal("not-well-formed", "]]> in text", i);
					break;
				default:
					checkCharacter(chunk, i);
			}
		}
		this.#brackets = this.#bracketsBefore(chunk, start, end);
		text.append(chunk, start, end, ascii);
		this.runEnd = "chunk";
		return end;
	}

	/** An attribute value, up to and with its closing quote or &. @throws Refusal */
	readValue(chunk: Buffer, from: number, end: number, ascii: boolean, quote: number): number {
		const text = this.text;
		let start = this.#afterCr ? this.#skipLf(chunk, from) : from;
		let i = start;
		for (i = skipPlain(chunk, i, end, VALUE_STOP); i < end; i = skipPlain(chunk, i + 1, end, VALUE_STOP)) {
			const byte = chunk[i] as number;
			switch (byte) {
				case APOS:
				case QUOT:
					if (byte !== quote) break;
					if (!text.isEmpty) {
						text.append(chunk, start, i, ascii);
						this.value = text.take();
					} else {
						this.value = i > start && !text.discards ? this.#window.slice(chunk, start, i, ascii) : "";
					}
					this.runEnd = "quote";
					return i + 1;
				case AMP:
					text.append(chunk, start, i, ascii);
					this.runEnd = "reference";
					return i + 1;
				case TAB:
				case LF:
				case CR:
					text.append(chunk, start, i, ascii);
					text.appendCodePoint(SPACE);
					start = i + 1;
					if (byte !== CR) break;
					if (start === end) this.#afterCr = true;
					else if (chunk[start] === LF) start = ++i + 1;
					break;
				case LT:
					throw new Refusal("not-well-formed", "< in an attribute value", i);
				default:
					checkCharacter(chunk, i);
			}
		}
		text.append(chunk, start, end, ascii);
		this.runEnd = "chunk";
		return end;
	}

	/** A CDATA section, up to and with its ]]>. @throws Refusal */
	readCdata(chunk: Buffer, from: number, end: number, ascii: boolean): number {
		let i = from;
		while (i < end) {
			if (this.#brackets === 0) {
				i = this.#readCdataRun(chunk, i, end, ascii);
				continue;
			}
			const byte = chunk[i];
			if (byte === GT && this.#brackets === 2) {
				this.#brackets = 0;
				this.runEnd = "section";
				return i + 1;
			}
			if (byte === RIGHT_BRACKET) {
				if (this.#brackets === 2) this.text.appendCodePoint(RIGHT_BRACKET);
				else this.#brackets = 2;
				i++;
			} else {
				for (; this.#brackets > 0; this.#brackets--) this.text.appendCodePoint(RIGHT_BRACKET);
			}
		}
		this.runEnd = "chunk";
		return end;
	}

	/** The inside of a CDATA section, up to and with a ]. */
	#readCdataRun(chunk: Buffer, from: number, end: number, ascii: boolean): number {
		const text = this.text;
		let start = this.#afterCr ? this.#skipLf(chunk, from) : from;
		let i = start;
		for (i = skipPlain(chunk, i, end, CDATA_STOP); i < end; i = skipPlain(chunk, i + 1, end, CDATA_STOP)) {
			const byte = chunk[i];
			if (byte === RIGHT_BRACKET) {
				text.append(chunk, start, i, ascii);
				this.#brackets = 1;
				return i + 1;
			}
			if (byte === CR) {
				text.append(chunk, start, i, ascii);
				text.appendCodePoint(LF);
				start = i + 1;
				if (start === end) this.#afterCr = true;
				else if (chunk[start] === LF) start = ++i + 1;
			} else {
				checkCharacter(chunk, i);
			}
		}
		text.append(chunk, start, end, ascii);
		return end;
	}

	#skipLf(chunk: Buffer, at: number): number {
		this.#afterCr = false;
		return chunk[at] === LF ? at + 1 : at;
	}

	/** The ] that stand directly before `at`, in this run of text or at the end of the chunk before it; 2 at most. */
	#bracketsBefore(chunk: Buffer, start: number, at: number): number {
		let count = 0;
		while (count < 2 && at > start && chunk[at - 1] === RIGHT_BRACKET) {
			count++;
			at--;
		}
		return at === start ? Math.min(2, count + this.#brackets) : count;
	}
}

/** A byte where a plain run stopped, and which means nothing. @throws Refusal */
function checkCharacter(chunk: Buffer, at: number): void {
	if (chunk[at] !== 0xef) throw new Refusal("not-well-formed", "a control character", at);
	// U+FFFE and U+FFFF; a chunk holds whole characters, so their other bytes are there.
	if (chunk[at + 1] === 0xbf && (chunk[at + 2] as number) >= 0xbe) {
		throw new Refusal("not-well-formed", "a character that XML does not allow", at);
	}
}
