import { resolveNumbers } from "@antiphon/protocol";

/**
 * How large journals may get, as JavaScript may say it too.
 * @param zero those that may be 0
 * @throws BusError `invalid-argument` that names the option
 */
export function storeBounds<T extends { readonly [Name in keyof T]: number }>(
	defaults: T,
	given: { readonly [Name in keyof T]?: T[Name] | undefined },
	zero: readonly (keyof T)[] = [],
): T {
	return resolveNumbers(defaults, given, "options", { zero });
}
