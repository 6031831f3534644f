import type { Element } from "@antiphon/xml";
import { BusError, type BusErrorCode } from "../errors.js";

const DIGITS = /^\d{1,15}$/;

/** A whole number in an attribute. @throws BusError that names the attribute and its range */
export function boundedNumber(
	element: Element,
	name: string,
	min: number,
	max: number,
	code: BusErrorCode = "invalid-argument",
): number {
	const text = element.attr(name) ?? "";
	const value = DIGITS.test(text) ? Number(text) : Number.NaN;
	if (value >= min && value <= max) return value;
	throw new BusError(code, `${name} of <${element.name}/> must be a whole number from ${min} to ${max}`);
}
