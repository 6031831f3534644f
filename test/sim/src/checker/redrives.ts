import type { CallName } from "../history.js";
import type { Rule, Story } from "./evidence.js";

/**
 * 15: a dead letter that is redriven is one new call, which handlers know by the name of the first of its line, as they know every
 * other call by its own; what is redriven or purged is a dead letter no more.
 */
export const redrives: Rule = {
	number: 15,
	promise: "a dead letter is decided about once, and its effect is known",
	check({ stories, history }) {
		/** What has become of a letter. */
		const gone = new Map<CallName, string>();
		for (const event of history.events) {
			if (event.type === "redriven" || event.type === "purged") {
				const what = event.type === "purged" ? "purged" : `redriven as ${event.as}`;
				const before = gone.get(event.call);
				if (before !== undefined) return { rule: 15, what: `was ${what}, and was ${before} before`, call: event.call };
				gone.set(event.call, what);
			} else if (event.type === "listed") {
				const call = event.letters.find((letter) => gone.has(letter));
				if (call !== undefined)
					return { rule: 15, what: `is listed as a dead letter, and was ${gone.get(call)}`, call };
			}
		}
		for (const story of stories.values()) {
			const first = firstOf(story, stories);
			const wrong = story.started.find(({ callId }) => callId !== first);
			if (wrong === undefined) continue;
			return { rule: 15, what: `run ${wrong.run} knows it as ${wrong.callId}, and not as ${first}`, call: story.call };
		}
		return undefined;
	},
};

/** The call that one goes back to, through all redrives. */
function firstOf({ call, made }: Story, stories: ReadonlyMap<CallName, Story>): CallName {
	const before = made[0] && stories.get(made[0].call);
	return before === undefined ? call : firstOf(before, stories);
}
