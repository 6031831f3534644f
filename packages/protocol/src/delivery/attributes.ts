import type { Element } from "@antiphon/xml";
import { boundedNumber } from "../domain/attributes.js";
import { BusError } from "../errors.js";
import type { ListCode } from "./items.js";

const IDENTIFIER = /^[A-Za-z0-9_-]{1,64}$/;

/** One of a few words. @throws BusError */
export function wordIn<Word extends string>(
	element: Element,
	name: string,
	words: readonly Word[],
	code: ListCode,
): Word {
	const word = words.find((known) => known === element.attr(name));
	if (word !== undefined) return word;
	throw new BusError(code, `${name} of <${element.name}/> must be one of ${words.join(", ")}`);
}

/** `true` or `false`; left out, it is false. @throws BusError */
export function flagIn(element: Element, name: string, code: ListCode): boolean {
	if (element.attr(name) === undefined) return false;
	return wordIn(element, name, ["true", "false"], code) === "true";
}

/** 1 to 64 letters, digits, `_` and `-`. @throws BusError */
export function identifierIn(element: Element, name: string, code: ListCode): string {
	const text = element.attr(name) ?? "";
	if (IDENTIFIER.test(text)) return text;
	throw new BusError(code, `${name} of <${element.name}/> must be 1 to 64 letters, digits, _ and -`);
}

/** An identifier that may be left out. @throws BusError */
export function optionalIdentifier(element: Element, name: string, code: ListCode): string | undefined {
	return element.attr(name) === undefined ? undefined : identifierIn(element, name, code);
}

/** A number that may be left out. @throws BusError */
export function optionalNumber(
	element: Element,
	name: string,
	min: number,
	max: number,
	code: ListCode,
): number | undefined {
	return element.attr(name) === undefined ? undefined : boundedNumber(element, name, min, max, code);
}

/** A duration in milliseconds, or nothing where none is said. Never longer than it is. */
export function millis(ms: number | undefined): string | undefined {
	return ms === undefined ? undefined : String(Math.max(0, Math.floor(ms) || 0));
}
