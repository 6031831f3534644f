import type { Rule } from "./evidence.js";

/** 4: what runs was delivered, what is delivered is on disk, and nothing is delivered that has its outcome. */
export const onlyAccepted: Rule = {
	number: 4,
	promise: "nothing runs that was not accepted, or is settled",
	check({ stories }) {
		for (const { call, delivered, started, recorded, outcomes } of stories.values()) {
			for (const run of started) {
				const delivery = delivered.find(({ n, token }) => n === run.n && token === run.token);
				if (delivery === undefined || delivery.number > run.number) {
					return { rule: 4, what: `run ${run.run} began without a delivery`, call };
				}
			}
			const settled = Math.min(
				outcomes.find(({ by }) => by === "pushed" || by === "asked")?.number ?? Number.POSITIVE_INFINITY,
				recorded.find(({ isFenced, isFinal }) => !isFenced && isFinal)?.number ?? Number.POSITIVE_INFINITY,
			);
			const late = delivered.find(({ number }) => number > settled);
			if (late !== undefined) return { rule: 4, what: `token ${late.token} was delivered when it was settled`, call };
		}
		return undefined;
	},
};
