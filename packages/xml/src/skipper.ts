import type { Element } from "./element.js";
import type { Name } from "./name.js";
import type { After, TokenSink } from "./tokenizer.js";
import { type ElementLimit, Refusal } from "./xml-error.js";

/** An element on the first level of the stream that went over a limit and was left out. */
export interface Skipped {
	/** Its start tag, without children; `undefined` when the limit was passed within the start tag itself. */
	readonly head: Element | undefined;
	/** What it was skipped for: the limit that it went over. */
	readonly limit: ElementLimit;
	/** Bytes from its `<` to its last `>`. */
	readonly bytes: number;
}

/** What the tree builder had of an element that it gave up. */
export interface Abandoned {
	readonly head: Element | undefined;
	/** Hashes of the names of the elements that are open, from the outermost on: at most as many as `maxDepth`. */
	readonly open: readonly number[];
}

/**
 * Takes the tokens of an element that is skipped, in place of the tree builder, and finds where it ends. All it needs is
 * how many elements are open, however deep that goes.
 *
 * It is the same tokenizer that reads on, so every token is told from the next as ever, and what is forbidden stays so:
 * comments, processing instructions, DOCTYPE, entities and references, characters, `<` in values, `]]>` in text, invalid
 * UTF-8. Not checked inside a skipped element: which characters a name is made of, whether an attribute is given twice or a
 * prefix declared, and whether an end tag has the name of its start tag where that was opened while skipping. Of those
 * that were open before, the names must match by their hashes.
 */
export class Skipper implements TokenSink {
	readonly #open: readonly number[];
	readonly #end: () => After;
	#depth: number;
	/** Of the elements that were open before, those that still are. */
	#known: number;

	/** @param end called with the end of the element; says what is to come */
	constructor(open: readonly number[], end: () => After) {
		this.#open = open;
		this.#depth = open.length;
		this.#known = open.length;
		this.#end = end;
	}

	openTag(): void {}

	attribute(): void {}

	text(): void {}

	openTagEnd(empty: boolean): After {
		if (!empty) this.#depth++;
		return this.#depth === 0 ? this.#end() : "content";
	}

	closeTag(name: Name): After {
		// No element has begun: it is the end tag of the stream that went over a limit.
		if (this.#depth === 0) throw new Refusal("policy-violation", "the end tag of the stream is too large");
		this.#depth--;
		if (this.#depth < this.#known) {
			this.#known = this.#depth;
			if (this.#open[this.#depth] !== name.hash) {
				throw new Refusal("not-well-formed", "an end tag that does not match its start tag");
			}
		}
		return this.#depth === 0 ? this.#end() : "content";
	}
}
