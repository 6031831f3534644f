import { DAY } from "../application.js";
import type { Rule } from "./evidence.js";

/** 12: what can run is run long before it expires, once there are no more faults. (Whether all ends is seen by the world.) */
export const settles: Rule = {
	number: 12,
	promise: "everything settles when the faults have stopped",
	check({ stories, history }) {
		const seen = history.events.find((event) => event.type === "wrong" && event.rule === 12);
		if (seen?.type === "wrong") return { rule: 12, what: seen.what, call: seen.call };
		const end = history.events.find(({ type }) => type === "deserted")?.number ?? history.events.length;
		for (const { call, invoked, outcomes } of stories.values()) {
			if (invoked.length === 0 || invoked.some(({ submission }) => submission.expiresMs < DAY)) continue;
			const expired = outcomes.find(
				({ outcome: { code, text }, number }) => number < end && code === "deadline-exceeded" && !text.includes("run="),
			);
			if (expired !== undefined)
				return { rule: 12, what: `expired, though it had a day: ${expired.outcome.text}`, call };
		}
		return undefined;
	},
};
