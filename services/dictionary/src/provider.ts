import type { Node, Served, ServeOptions } from "antiphon";
import { dictionary } from "./contract.js";
import { near } from "./near.js";
import { WORDS } from "./words.js";

const MAX_WORDS = 10_000;

/** Serves a dictionary of its own on this node. */
export function provideDictionary(node: Node, options: ServeOptions = {}): Promise<Served> {
	const words = new Map(Object.entries(WORDS));
	// #region serve
	return node.serve(
		dictionary,
		{
			define({ word }, ctx) {
				const known = word.toLowerCase();
				const text = words.get(known) ?? ctx.fail("unknown-word", { near: near(known, words.keys()) });
				return { text };
			},
			learn({ word, text }, ctx) {
				const known = word.toLowerCase();
				if (words.size >= MAX_WORDS && !words.has(known)) ctx.fail("full", { words: words.size });
				words.set(known, text);
				return { words: words.size };
			},
		},
		options,
	);
	// #endregion
}
