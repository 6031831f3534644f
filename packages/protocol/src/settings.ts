import { BusError } from "./errors.js";

/** The longest that a timer of Node.js waits, in milliseconds. What is longer, `Infinity` too, it makes 1 ms of. */
export const MAX_TIMER_MS = 2 ** 31 - 1;

type Numbers<T> = { readonly [Name in keyof T]: number | undefined };

/**
 * `given` on top of `defaults`: limits and times that a user sets. Each is a whole number above 0; a time, which a name
 * that ends in `Ms` is, is at most `maxMs`. A name that is not among the defaults is refused: it would bound nothing.
 *
 * @param what how a message calls them, such as `limits`
 * @param options.never the times that may be `Infinity`: for these no timer must be set then
 * @throws BusError `invalid-argument` that names the setting
 */
export function resolveNumbers<T extends Numbers<T>>(
	defaults: T,
	given: { readonly [Name in keyof T]?: T[Name] | undefined },
	what: string,
	options: { readonly never?: readonly (keyof T)[]; readonly maxMs?: number } = {},
): T {
	const { never = [], maxMs = MAX_TIMER_MS } = options;
	if (typeof given !== "object" || given === null) throw invalid(`${what} must be an object, not ${String(given)}`);
	for (const [name, value] of Object.entries<unknown>(given)) {
		if (!Object.hasOwn(defaults, name)) throw invalid(`${what}.${name}: there is no such setting`);
		if (value === undefined) continue;
		const mayBeInfinite = never.includes(name as keyof T);
		if (mayBeInfinite && value === Number.POSITIVE_INFINITY) continue;
		const max = name.endsWith("Ms") ? maxMs : Number.MAX_SAFE_INTEGER;
		if (!Number.isInteger(value) || (value as number) < 1 || (value as number) > max) {
			const range = `a whole number from 1 to ${max}${mayBeInfinite ? " or Infinity" : ""}`;
			throw invalid(`${what}.${name} must be ${range}, not ${String(value)}`);
		}
	}
	const set = Object.entries<unknown>(given).filter(([, value]) => value !== undefined);
	return { ...defaults, ...Object.fromEntries(set) };
}

function invalid(message: string): BusError {
	return new BusError("invalid-argument", message);
}
