import type { Element } from "@antiphon/xml";
import { type BusErrorCode, isBusErrorCode } from "../errors.js";
import { legible } from "../legible.js";

/** Of an error that is one line among many. */
const MAX_MESSAGE_CHARS = 200;

/** The attribute `code`. What is none of this version's codes is told as `internal`. */
export function codeIn(element: Element): BusErrorCode {
	const code = element.attr("code") ?? "";
	return isBusErrorCode(code) ? code : "internal";
}

/** A message of at most 200 characters, whatever it quotes. */
export function cutMessage(text: string): string {
	return legible(text, MAX_MESSAGE_CHARS);
}
