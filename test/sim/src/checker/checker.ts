import type { Evidence, Rule, Violation } from "./evidence.js";
import { inOrder } from "./in-order.js";
import { noSecondRun } from "./no-second-run.js";
import { notLost } from "./not-lost.js";
import { onDisk } from "./on-disk.js";
import { oneOutcome } from "./one-outcome.js";
import { onlyAccepted } from "./only-accepted.js";
import { redrives } from "./redrives.js";
import { rights } from "./rights.js";
import { runsOnce } from "./runs-once.js";
import { seen } from "./seen.js";
import { settles } from "./settles.js";
import { tokens } from "./tokens.js";
import { triedEnough } from "./tried-enough.js";
import { trueOutcome } from "./true-outcome.js";

/** In the order in which a world is judged: what was broken first says most. */
const RULES: readonly Rule[] = [
	seen,
	rights,
	onDisk,
	tokens,
	noSecondRun,
	onlyAccepted,
	inOrder,
	trueOutcome,
	oneOutcome,
	runsOnce,
	triedEnough,
	redrives,
	settles,
	notLost,
];

/** The first promise that a world has not kept. */
export function check(evidence: Evidence): Violation | undefined {
	for (const rule of RULES) {
		const violation = rule.check(evidence);
		if (violation !== undefined) return violation;
	}
	return undefined;
}
