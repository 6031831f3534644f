/**
 * What a parser puts up with. Whatever goes over a limit ends the stream with `policy-violation`, unless the parser was
 * told to skip such elements.
 */
export interface XmlLimits {
	/**
	 * Bytes in all, over every `restart()`, for the time before login. `Infinity` once the peer is known.
	 * White space between stanzas costs no memory, so this is the only limit that it counts against.
	 */
	readonly maxStreamBytes: number;
	/** Bytes of one stanza from its `<` to its last `>`, or of the stream header with all that stands before it. */
	readonly maxStanzaBytes: number;
	/** Levels of elements; a stanza is level 1, its child level 2. */
	readonly maxDepth: number;
	/** Attributes of one element, namespace declarations included. */
	readonly maxAttributes: number;
	/** Bytes of one element or attribute name, with its prefix. */
	readonly maxNameBytes: number;
	/** Children of one element: elements, and stretches of text between them. */
	readonly maxChildren: number;
	/** Bytes of one element that is skipped, from its `<` to its last `>`; above it the stream ends. */
	readonly maxSkippedBytes: number;
}

export const DEFAULT_LIMITS: XmlLimits = Object.freeze({
	maxStreamBytes: Number.POSITIVE_INFINITY,
	maxStanzaBytes: 64 * 1024,
	maxDepth: 32,
	maxAttributes: 64,
	maxNameBytes: 256,
	maxChildren: 4096,
	maxSkippedBytes: 16 * 1024 * 1024,
});

/** `changes` on top of `base`. @throws RangeError for a name that is no limit, or a value that is no number above zero */
export function withLimits(base: XmlLimits, changes: Partial<XmlLimits>): XmlLimits {
	for (const [name, value] of Object.entries<unknown>(changes)) {
		if (!Object.hasOwn(DEFAULT_LIMITS, name)) throw new RangeError(`there is no limit called ${name}`);
		// NaN is not above 0 either.
		if (typeof value !== "number" || !(value > 0)) {
			throw new RangeError(`${name} must be a number above 0, not ${String(value)}`);
		}
	}
	return { ...base, ...changes };
}
