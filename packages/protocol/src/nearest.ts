/** Of the length of a name, what may be another: a slip of the pen is short. */
const PART = 3;
/** What begins as another does is taken for it from this length on. */
const MIN_BEGINNING = 3;

/** The one of these names that was meant by another, if there is one: `expiresMs` by `expires`, `notBefore` by `notbefor`. */
export function nearest(name: string, names: readonly string[]): string | undefined {
	const given = name.toLowerCase();
	let [best, least] = [undefined as string | undefined, Number.POSITIVE_INFINITY];
	for (const each of names) {
		const known = each.toLowerCase();
		const isBeginning = Math.min(given.length, known.length) >= MIN_BEGINNING && isAhead(given, known);
		const distance = edits(given, known);
		const isNear = isBeginning || distance <= Math.floor(Math.min(given.length, known.length) / PART);
		if (isNear && distance < least) [best, least] = [each, distance];
	}
	return best;
}

function isAhead(one: string, other: string): boolean {
	return one.startsWith(other) || other.startsWith(one);
}

/** How many letters are to be put in, left out or changed (Levenshtein). */
function edits(from: string, to: string): number {
	let row = Array.from({ length: to.length + 1 }, (_, i) => i);
	for (const [i, letter] of [...from].entries()) {
		const next = [i + 1];
		for (let j = 0; j < to.length; j++) {
			const changed = (row[j] as number) + (letter === to[j] ? 0 : 1);
			next.push(Math.min(changed, (row[j + 1] as number) + 1, (next[j] as number) + 1));
		}
		row = next;
	}
	return row[to.length] as number;
}
