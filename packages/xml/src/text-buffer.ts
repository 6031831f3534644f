const SCRATCH_BYTES = 4096;
const LARGE_BYTES = 1024;

/**
 * Puts a text together out of pieces. Small pieces are collected as bytes and decoded together, so that a text that
 * comes one byte at a time takes one byte of memory for each, not a string; large ones are decoded where they lie.
 * Every piece holds whole characters.
 */
export class TextBuffer {
	/** What is decoded already. V8 keeps `a + b` as a rope, so appending does not copy what is there. */
	#head = "";
	#scratch: Buffer | undefined;
	#used = 0;
	/** Stays empty whatever is appended: for what is skipped. */
	#discards = false;

	get discards(): boolean {
		return this.#discards;
	}

	set discards(discards: boolean) {
		this.#discards = discards;
		this.clear();
	}

	get isEmpty(): boolean {
		return this.#used === 0 && this.#head === "";
	}

	append(bytes: Buffer, from: number, to: number, ascii: boolean): void {
		const length = to - from;
		if (length === 0 || this.#discards) return;
		if (length >= LARGE_BYTES) {
			this.#decode();
			this.#head += bytes.toString(ascii ? "latin1" : "utf8", from, to);
			return;
		}
		const scratch = this.#room(length);
		if (length < 24) {
			let at = this.#used;
			for (let i = from; i < to; i++) scratch[at++] = bytes[i] as number;
		} else {
			bytes.copy(scratch, this.#used, from, to);
		}
		this.#used += length;
	}

	appendCodePoint(codePoint: number): void {
		if (this.#discards) return;
		const scratch = this.#room(4);
		if (codePoint < 0x80) scratch[this.#used++] = codePoint;
		else this.#used += scratch.write(String.fromCodePoint(codePoint), this.#used, "utf8");
	}

	/** Takes over a text that is decoded already; only while empty. */
	start(text: string): void {
		this.#head = text;
	}

	/** The text, and begins anew. */
	take(): string {
		if (this.#used > 0) this.#decode();
		const text = this.#head;
		this.#head = "";
		return text;
	}

	clear(): void {
		this.#head = "";
		this.#used = 0;
	}

	#room(bytes: number): Buffer {
		this.#scratch ??= Buffer.allocUnsafeSlow(SCRATCH_BYTES);
		if (this.#used + bytes > SCRATCH_BYTES) this.#decode();
		return this.#scratch;
	}

	#decode(): void {
		if (this.#used === 0 || this.#scratch === undefined) return;
		this.#head += this.#scratch.toString("utf8", 0, this.#used);
		this.#used = 0;
	}
}
