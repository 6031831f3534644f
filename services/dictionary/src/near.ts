const MAX_NEAR = 3;
const MAX_DISTANCE = 2;

/** The known words that a misspelt one may have meant, the nearest first. */
export function near(word: string, known: Iterable<string>): string[] {
	return [...known]
		.map((each) => ({ each, distance: distance(word, each) }))
		.filter(({ distance }) => distance <= MAX_DISTANCE)
		.sort((a, b) => a.distance - b.distance || (a.each < b.each ? -1 : 1))
		.slice(0, MAX_NEAR)
		.map(({ each }) => each);
}

/** How many letters must be added, dropped or exchanged (Levenshtein). */
function distance(a: string, b: string): number {
	let row = Array.from({ length: b.length + 1 }, (_, i) => i);
	for (let i = 1; i <= a.length; i++) {
		const next = [i];
		for (let j = 1; j <= b.length; j++) {
			const exchanged = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
			next.push(Math.min(exchanged, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
		}
		row = next;
	}
	return row[b.length] ?? 0;
}
