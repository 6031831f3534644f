import type { Rule } from "./evidence.js";

/** What was seen to be wrong while it happened, whatever rule it belongs to. */
export const seen: Rule = {
	number: 0,
	promise: "nothing is thrown, and no bound is passed",
	check({ history }) {
		for (const event of history.events) {
			if (event.type === "wrong" && event.rule !== 12) return { rule: event.rule, what: event.what, call: event.call };
		}
		return undefined;
	},
};
