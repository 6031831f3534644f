import type { Rule, Story } from "./evidence.js";

/** 3: a reply was given by a run of that call; what is said not to have run has not. */
export const trueOutcome: Rule = {
	number: 3,
	promise: "an outcome is true",
	check({ stories }) {
		for (const story of stories.values()) {
			const what = untrue(story);
			if (what !== undefined) return { rule: 3, what, call: story.call };
		}
		return undefined;
	},
};

function untrue({ outcomes, started, ended, invoked }: Story): string | undefined {
	for (const { number, outcome, by, where } of outcomes) {
		const from = `${by} of ${where}`;
		if (outcome.code === undefined && !ended.some((run) => run.number < number && run.outcome.text === outcome.text)) {
			return `no run has given ${outcome.text}, which was ${from}`;
		}
		const run = outcome.executed === "no" ? started[0] : undefined;
		if (run !== undefined) return `run ${run.run} has started it, and ${outcome.text}, ${from}, says that none has`;
	}
	for (const { run, text } of started) {
		if (!invoked.some(({ submission }) => submission.call.text === text)) {
			return `run ${run} was called with ${text}, which nobody has called it with`;
		}
	}
	return undefined;
}
