import type { Rule } from "./evidence.js";

/** 1: what was accepted, or kept by an outbox that is still there, has an outcome in the end. */
export const notLost: Rule = {
	number: 1,
	promise: "nothing that was accepted is lost",
	check({ stories, survivors, history }) {
		const end = history.events.find(({ type }) => type === "deserted")?.number ?? history.events.length;
		for (const { call, accepted, kept, outcomes } of stories.values()) {
			if ((accepted[0]?.number ?? end) < end && !outcomes.some(({ by, where }) => by === "end" && where === "domain")) {
				return { rule: 1, what: "was accepted, and the domain has no outcome of it", call };
			}
			const keeper = kept.find(({ caller, isDurable }) => isDurable && survivors.has(caller));
			if (keeper !== undefined && !outcomes.some(({ by, where }) => by === "end" && where === keeper.caller)) {
				return { rule: 1, what: `was kept by ${keeper.caller}, and its outbox has no outcome of it`, call };
			}
		}
		return undefined;
	},
};
