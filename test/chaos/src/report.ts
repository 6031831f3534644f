import type { Result } from "./run.js";

/** Findings that are told. More say no more. */
const TOLD = 20;

/** A result for people. The first line is the verdict. */
export function reportOf({ verdict, server, disk, faults, gaveUp, settledAfterMs, folder }: Result): string {
	const { accepted, settled, lost, duplicated, unknown } = verdict;
	const counts = { accepted, settled, lost, duplicated, unknown };
	const told = (numbers: Readonly<Record<string, number>>) =>
		Object.entries(numbers)
			.map(([name, number]) => `${number} ${name}`)
			.join(", ") || "none";
	const { begun, refused, unsettled, untrue, runs, repeated } = verdict;
	const settling = settledAfterMs === undefined ? "not in time" : `${(settledAfterMs / 1_000).toFixed(1)} s`;
	return [
		`${verdict.ok ? "kept" : "BROKEN"}: ${told(counts)}`,
		`${server}: ${told({ begun, refused, unsettled, untrue, runs, repeated })}; settled after the last fault: ${settling}`,
		`faults: ${told(faults)}; disk: ${disk}`,
		...Object.entries(gaveUp).map(([name, { times, lastWords }]) => {
			return `${name} has ended by itself ${times} times, and was started again: ${lastWords}`;
		}),
		...verdict.findings.slice(0, TOLD).map(({ n, rule, what }) => `  ${rule}: call ${n}: ${what}`),
		...(verdict.findings.length > TOLD ? [`  and ${verdict.findings.length - TOLD} more`] : []),
		...(folder === undefined ? [] : [`notes, effects and logs: ${folder}`]),
	].join("\n");
}
