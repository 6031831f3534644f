import { TEXT_STOP } from "./chars.js";

/** Shorter runs are not worth the set-up. */
const BYTEWISE = 48;
const NO_WORDS = new Int32Array(0);

/**
 * Finds the end of a run of plain text, four bytes at a time where the run is long. Reading each byte is what bounds
 * the speed of the parser on long text, and nothing native tells where a control character is.
 */
export class PlainText {
	#memory: ArrayBufferLike | undefined;
	#words: Int32Array = NO_WORDS;

	/** The first place from `i` on whose byte is in `TEXT_STOP`, or `end`. */
	skip(bytes: Buffer, i: number, end: number, ascii: boolean): number {
		const stops = TEXT_STOP;
		const near = Math.min(end, i + BYTEWISE);
		while (i < near && stops[bytes[i] as number] === 0) i++;
		if (i < near || i === end) return i;
		if (bytes.buffer !== this.#memory) {
			this.#memory = bytes.buffer;
			this.#words = new Int32Array(bytes.buffer, 0, bytes.buffer.byteLength >> 2);
		}
		const words = this.#words;
		const offset = bytes.byteOffset;
		while (i < end) {
			if (((offset + i) & 3) === 0) {
				const first = (offset + i) >>> 2;
				const last = (offset + end) >>> 2;
				i = (ascii ? skipAsciiWords(words, first, last) : skipWords(words, first, last)) * 4 - offset;
			}
			// What stopped it may be harmless: a newline, or a byte next to one that does stop.
			const next = Math.min(end, i + 4 - ((offset + i) & 3));
			while (i < next && stops[bytes[i] as number] === 0) i++;
			if (i < next) return i;
		}
		return i;
	}

	/** Lets go of the chunk. */
	clear(): void {
		if (this.#memory === undefined) return;
		this.#memory = undefined;
		this.#words = NO_WORDS;
	}
}

/** The first word of ASCII that may hold a byte below 0x20, or one of & < >, or `end`. */
function skipAsciiWords(words: Int32Array, i: number, end: number): number {
	while (i < end) {
		const word = words[i] as number;
		// The high bit of a byte of ASCII is free to say "below". A byte below can make the next seem so: no harm.
		const control = word - 0x20202020;
		const angle = ((word | 0x02020202) ^ 0x3e3e3e3e) - 0x01010101;
		const amp = (word ^ 0x26262626) - 0x01010101;
		if (((control | angle | amp) & 0x80808080) !== 0) return i;
		i++;
	}
	return i;
}

/** The same where there are other bytes than ASCII: also stops for a byte of 0xEF. */
function skipWords(words: Int32Array, i: number, end: number): number {
	while (i < end) {
		const word = words[i] as number;
		const angle = (word | 0x02020202) ^ 0x3e3e3e3e;
		const amp = word ^ 0x26262626;
		const ef = ~word ^ 0x10101010;
		const hit =
			((word - 0x20202020) & ~word) |
			((angle - 0x01010101) & ~angle) |
			((amp - 0x01010101) & ~amp) |
			((ef - 0x01010101) & ~ef);
		if ((hit & 0x80808080) !== 0) return i;
		i++;
	}
	return i;
}
