/** The stream errors of RFC 6120 section 4.9.3 that the XML itself can give rise to. */
export type StreamCondition =
	| "bad-format"
	| "bad-namespace-prefix"
	| "invalid-namespace"
	| "invalid-xml"
	| "not-well-formed"
	| "policy-violation"
	| "restricted-xml"
	| "unsupported-encoding";

/** XML that was refused. `message` says what is wrong and where; it never quotes the input. */
export class XmlError extends Error {
	override readonly name = "XmlError";
	/** What to tell the peer. */
	readonly condition: StreamCondition;
	/** Where, in bytes from the first byte that the parser was given. */
	readonly byteOffset: number;

	constructor(condition: StreamCondition, problem: string, byteOffset: number) {
		super(`${problem} (${condition}, at byte ${byteOffset})`);
		this.condition = condition;
		this.byteOffset = byteOffset;
	}
}

/** Thrown inside the parser and never past it: the place is added, and an `XmlError` made of it, at its edge. */
export class Refusal {
	readonly condition: StreamCondition;
	readonly problem: string;
	/** Where in the chunk; without it, where the tokenizer stands. */
	readonly at: number | undefined;

	constructor(condition: StreamCondition, problem: string, at?: number) {
		this.condition = condition;
		this.problem = problem;
		this.at = at;
	}
}

/**
 * What one element can be skipped for: the limits that it can go over, and `xmlNamespace`, when it declares the namespace
 * of `xml:` as the default one. Namespaces in XML forbids that, and servers write it all the same for a stranger's
 * `<xml:a/>`, which is allowed.
 */
export type ElementLimit =
	| "maxStanzaBytes"
	| "maxDepth"
	| "maxAttributes"
	| "maxNameBytes"
	| "maxChildren"
	| "xmlNamespace";

/** Well-formed so far, but over a limit. */
export class OverLimit extends Refusal {
	readonly limit: ElementLimit;

	constructor(limit: ElementLimit, problem: string, at?: number) {
		super(limit === "xmlNamespace" ? "bad-namespace-prefix" : "policy-violation", problem, at);
		this.limit = limit;
	}
}
