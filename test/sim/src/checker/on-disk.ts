import type { Rule } from "./evidence.js";

/** 9: whatever is said about a call, a queue that starts from the disk as it is at that moment knows it. */
export const onDisk: Rule = {
	number: 9,
	promise: "nothing is said before it is on disk",
	check({ stories }) {
		for (const { call, accepted, delivered, recorded, decided } of stories.values()) {
			const decision = decided.find(({ isThere }) => isThere === false);
			if (decision !== undefined) return { rule: 9, what: `was ${decision.type}, and that is not on disk`, call };
			if (accepted.some(({ isThere }) => isThere === false)) {
				return { rule: 9, what: "was accepted, and is not on disk", call };
			}
			const lease = delivered.find(({ isThere }) => isThere === false);
			if (lease !== undefined) return { rule: 9, what: `token ${lease.token} was delivered, and is not on disk`, call };
			if (recorded.some(({ isThere }) => isThere === false)) {
				return { rule: 9, what: "its outcome was recorded, and is not on disk", call };
			}
		}
		return undefined;
	},
};
