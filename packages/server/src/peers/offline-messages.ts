export interface OfflineBounds {
	readonly maxMessages: number;
	readonly maxBytes: number;
}

/** Messages for an account without an available resource (XEP-0160), serialized. First in, first out; bounded. */
export class OfflineMessages {
	readonly #bounds: OfflineBounds;
	readonly #changed: () => void;
	#texts: string[];
	#bytes: number;

	/** @param changed called after every change, so that it can be stored */
	constructor(bounds: OfflineBounds, texts: readonly string[], changed: () => void) {
		this.#bounds = bounds;
		this.#changed = changed;
		this.#texts = [...texts];
		this.#bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
	}

	get texts(): readonly string[] {
		return this.#texts;
	}

	/** @returns false, and keeps nothing, when there is no room: the sender must hear of it */
	add(text: string): boolean {
		const bytes = Buffer.byteLength(text);
		if (this.#texts.length >= this.#bounds.maxMessages || this.#bytes + bytes > this.#bounds.maxBytes) return false;
		this.#texts.push(text);
		this.#bytes += bytes;
		this.#changed();
		return true;
	}

	/** Everything kept, which is then forgotten. */
	take(): readonly string[] {
		const texts = this.#texts;
		if (texts.length === 0) return texts;
		this.#texts = [];
		this.#bytes = 0;
		this.#changed();
		return texts;
	}
}
