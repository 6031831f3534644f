const NUMBER = "(0|[1-9][0-9]{0,8})";
const VERSION = new RegExp(`^${NUMBER}\\.${NUMBER}\\.${NUMBER}$`);

/** `major.minor.patch`, each below a billion and without leading zeros. */
export function isVersion(text: string): boolean {
	return VERSION.test(text);
}

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

function numbers(version: string): readonly [number, number, number] | undefined {
	const match = VERSION.exec(version);
	return match === null ? undefined : [Number(match[1]), Number(match[2]), Number(match[3])];
}
