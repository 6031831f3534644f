/**
 * What is sent of a value that passed its schema: the value as it was given, without the fields that the schema does not
 * name. A database row with a column too many does not leave the process.
 *
 * Where parsing renamed or made up fields, one cannot tell what was left out from what was transformed; there the object
 * stays whole.
 *
 * @param given what the application passed
 * @param parsed what the schema made of it
 */
export function outgoing(given: unknown, parsed: unknown): unknown {
	if (given === parsed) return given;
	if (Array.isArray(given)) {
		if (!Array.isArray(parsed) || parsed.length !== given.length) return given;
		return given.map((item, i) => outgoing(item, parsed[i]));
	}
	if (!isPlainObject(given) || !isPlainObject(parsed)) return given;
	const renamed = Object.keys(parsed).some((key) => !Object.hasOwn(given, key) && !isFilledIn(given, parsed));
	const entries = Object.entries(given).filter(([key]) => renamed || Object.hasOwn(parsed, key));
	return Object.fromEntries(entries.map(([key, value]) => [key, outgoing(value, parsed[key])]));
}

/** Parsing only added fields (defaults) and lost none: nothing was renamed. */
function isFilledIn(given: Record<string, unknown>, parsed: Record<string, unknown>): boolean {
	return Object.keys(given).every((key) => Object.hasOwn(parsed, key));
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
	if (typeof value !== "object" || value === null) return false;
	const prototype = Object.getPrototypeOf(value);
	return prototype === Object.prototype || prototype === null;
}
