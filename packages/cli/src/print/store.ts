import type { CheckedStore } from "../hosting/check-store.js";
import { printable } from "./printable.js";

const count = (value: number) => value.toLocaleString("en");

/** What `antiphon domain --check-store` says for people. */
export function storeLines(checked: CheckedStore): string[] {
	const { file, problems, problemsFound, records, calls, outcomes, deadLetters, usedBytes, freeBytes, fileBytes } =
		checked;
	const verdict = problemsFound === 0 ? "is sound" : `is not sound: ${count(problemsFound)} problems`;
	const more = problemsFound - problems.length;
	return [
		`${printable(file)} ${verdict}`,
		`calls: ${Object.entries(calls)
			.map(([state, number]) => `${count(number)} ${state}`)
			.join(", ")}`,
		`outcomes: ${count(outcomes)}`,
		`dead letters: ${count(deadLetters)}`,
		`on disk: ${count(fileBytes)} bytes, ${count(usedBytes)} of them in use by ${count(records)} records; ${count(freeBytes)} are free`,
		...problems.map((problem) => `problem: ${printable(problem)}`),
		...(more > 0 ? [`and ${count(more)} more`] : []),
	];
}

/** The same as JSON. */
export function storeJson({ problems, problemsFound, usedBytes, freeBytes, fileBytes, ...rest }: CheckedStore) {
	const { file, records, calls, outcomes, deadLetters } = rest;
	const bytes = { file: fileBytes, used: usedBytes, free: freeBytes };
	return { file, sound: problemsFound === 0, records, calls, outcomes, deadLetters, bytes, problems, problemsFound };
}
