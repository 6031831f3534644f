import type { Rule } from "./evidence.js";

/** 7: a call that has a reply was run to its end by a handler, and its effect is there. */
export const runsOnce: Rule = {
	number: 7,
	promise: "a call that succeeded has had its effect",
	check({ stories }) {
		for (const { call, outcomes, effects } of stories.values()) {
			const reply = outcomes.find(({ outcome }) => outcome.code === undefined);
			if (reply !== undefined && !effects.some(({ number }) => number < reply.number)) {
				return { rule: 7, what: `has the reply ${reply.outcome.text}, and no effect`, call };
			}
		}
		return undefined;
	},
};
