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

/** The limits that one element can go over, and be skipped for. */
export type ElementLimit = "maxStanzaBytes" | "maxDepth" | "maxAttributes" | "maxNameBytes" | "maxChildren";

/** Well-formed so far, but over a limit. */
export class OverLimit extends Refusal {
	readonly limit: ElementLimit;

	constructor(limit: ElementLimit, problem: string, at?: number) {
		super("policy-violation", problem, at);
		this.limit = limit;
	}
}
