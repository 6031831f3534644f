import { isVersion } from "@antiphon/protocol";

/**
 * May a caller that was built with version `asked` call a provider of version `served`? Yes when the major versions are
 * the same and the caller is not newer: what it knows, the provider knows too.
 */
export function isServedBy(asked: string, served: string): boolean {
	const a = numbers(asked);
	const s = numbers(served);
	if (a === undefined || s === undefined || a[0] !== s[0]) return false;
	return a[1] < s[1] || (a[1] === s[1] && a[2] <= s[2]);
}

/** The first number of a version: what two contracts must share to understand each other. */
export function majorOf(version: string): number {
	return Number.parseInt(version, 10);
}

function numbers(version: string): readonly [number, number, number] | undefined {
	if (!isVersion(version)) return undefined;
	const [major, minor, patch] = version.split(".").map(Number) as [number, number, number];
	return [major, minor, patch];
}
