import { DOMAIN } from "../wire.js";
import type { Rule } from "./evidence.js";

/** 14: what could succeed another time is given up only after as many runs as were asked for. */
export const triedEnough: Rule = {
	number: 14,
	promise: "a call is given up only when all its attempts have failed",
	check({ stories, processes }) {
		// A lease that is on disk is not delivered when the domain dies in between; and it counts.
		const deaths = processes.filter(({ machine, is }) => machine === DOMAIN && is === "dead").length;
		for (const { call, invoked, delivered, outcomes } of stories.values()) {
			const retry = invoked[0]?.submission.retry;
			if (retry === undefined) continue;
			const { attempts, faults } = retry;
			const end = outcomes.find(({ by, where }) => by === "end" && where === "domain")?.outcome;
			const { code, name = "" } = end ?? { code: undefined };
			const isRetryable = code === "internal" || code === "unavailable" || (code === "fault" && faults.includes(name));
			if (isRetryable && delivered.length + deaths < attempts) {
				return { rule: 14, what: `${end?.text} after ${delivered.length} of ${attempts} attempts`, call };
			}
		}
		return undefined;
	},
};
