import type { View } from "../journal/journal.js";
import { callKey, decodeHead, decodeOutcome, decodeText, HEADS, OUTCOMES, TEXTS } from "./queue-record.js";

/**
 * What is kept of the content of a call, as text of XML.
 * @returns `undefined` for the input where it is not kept: of calls that are settled and no dead letters; for the outcome where
 * there is none yet; and for a call that is not there
 * @throws StoreError `failed` for a damaged record
 */
export function contentIn(view: View, n: number, of: "input" | "outcome"): string | undefined {
	const key = callKey(HEADS, n);
	const body = Number.isSafeInteger(n) && n >= 1 ? view.get(key) : undefined;
	if (body === undefined) return undefined;
	const { text, state, isDead } = decodeHead(key, body);
	const [outcomes, texts] = [callKey(OUTCOMES, n), callKey(TEXTS, n)];
	if (of === "outcome") return state === "settled" ? decodeOutcome(outcomes, view.get(outcomes)).text : undefined;
	if (state === "settled" && isDead !== true) return undefined;
	return text ?? decodeText(texts, view.get(texts));
}
