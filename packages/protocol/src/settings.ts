import { BusError } from "./errors.js";
import { nearest } from "./nearest.js";

/** The longest that a timer of Node.js waits, in milliseconds. What is longer, `Infinity` too, it makes 1 ms of. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

type Numbers<T> = { readonly [Name in keyof T]: number | undefined };

/**
 * `given` on top of `defaults`: limits and times that a user sets. Each is a whole number above 0, where nothing else is said; a time, which a name
 * that ends in `Ms` is, is at most `maxMs`. A name that is not among the defaults is refused: it would bound nothing.
 *
 * @param what how a message calls them, such as `limits`
 * @param options.never the times that may be `Infinity`: for these no timer must be set then
 * @param options.zero the limits that may be 0
 * @throws BusError `invalid-argument` that names the setting
 */
export function resolveNumbers<T extends Numbers<T>>(
	defaults: T,
	given: { readonly [Name in keyof T]?: T[Name] | undefined },
	what: string,
	options: {
		readonly never?: readonly (keyof T)[];
		readonly zero?: readonly (keyof T)[];
		readonly maxMs?: number;
	} = {},
): T {
	const { never = [], zero = [], maxMs = MAX_TIMER_MS } = options;
	if (typeof given !== "object" || given === null) throw invalid(`${what} must be an object, not ${String(given)}`);
	const stray = strayIn(given, Object.keys(defaults), what);
	if (stray !== undefined) throw invalid(stray);
	for (const [name, value] of Object.entries<unknown>(given)) {
		if (value === undefined) continue;
		const mayBeInfinite = never.includes(name as keyof T);
		if (mayBeInfinite && value === Number.POSITIVE_INFINITY) continue;
		const max = name.endsWith("Ms") ? maxMs : Number.MAX_SAFE_INTEGER;
		const min = zero.includes(name as keyof T) ? 0 : 1;
		if (!Number.isInteger(value) || (value as number) < min || (value as number) > max) {
			const range = `a whole number from ${min} to ${max}${mayBeInfinite ? " or Infinity" : ""}`;
			throw invalid(`${what}.${name} must be ${range}, not ${String(value)}`);
		}
	}
	const set = Object.entries<unknown>(given).filter(([, value]) => value !== undefined);
	return { ...defaults, ...Object.fromEntries(set) };
}

/**
 * Options as JavaScript may pass them: a name that is misspelled would else change nothing.
 * @param what how a message calls them; left out, they go by their own names
 * @throws BusError `invalid-argument` for what is no object, and for a name that is none of these
 */
export function requireNames(given: unknown, names: readonly string[], what = ""): void {
	if (typeof given !== "object" || given === null) {
		throw invalid(`${what === "" ? "the options" : what} must be an object, not ${String(given)}`);
	}
	const stray = strayIn(given, names, what);
	if (stray !== undefined) throw invalid(stray);
}

/** @returns what is wrong with a name that is none of these, and what to write instead */
export function strayIn(given: object, names: readonly string[], what = ""): string | undefined {
	const stray = Object.keys(given).find((name) => !names.includes(name));
	if (stray === undefined) return undefined;
	const meant = nearest(stray, names);
	const instead = meant === undefined ? `there are ${names.join(", ")}` : `did you mean ${meant}?`;
	return `${what === "" ? "" : `${what}.`}${stray}: there is no such setting; ${instead}`;
}

function invalid(message: string): BusError {
	return new BusError("invalid-argument", message);
}
