const WINDOW_BYTES = 512;

/**
 * Makes short strings of the bytes of a chunk. Each call into native code costs more than a short string itself, so a
 * stretch of ASCII is decoded at once and cut up. A string cut out this way keeps its window alive, and the window is
 * small so that one id, kept for long by the application, does not keep a whole chunk.
 */
export class StringWindow {
	#chunk: Buffer | undefined;
	#from = 0;
	#to = 0;
	#text = "";

	slice(chunk: Buffer, from: number, to: number, ascii: boolean): string {
		if (!ascii) return chunk.toString("utf8", from, to);
		if (to > this.#to || chunk !== this.#chunk) {
			if (to - from > WINDOW_BYTES / 2) return chunk.toString("latin1", from, to);
			this.#chunk = chunk;
			this.#from = from;
			this.#to = Math.min(chunk.length, from + WINDOW_BYTES);
			this.#text = chunk.toString("latin1", from, this.#to);
		}
		return this.#text.substring(from - this.#from, to - this.#from);
	}

	/** Lets go of the chunk, whose bytes may change from here on. */
	clear(): void {
		this.#chunk = undefined;
		this.#text = "";
	}
}
