import type { EventOf } from "../history.js";
import type { Rule, Story } from "./evidence.js";

/** 2: whoever is shown the outcome of a call, whenever, is shown the same one. */
export const oneOutcome: Rule = {
	number: 2,
	promise: "a call has one outcome",
	check({ stories }) {
		for (const story of stories.values()) {
			const what = differing(story);
			if (what !== undefined) return { rule: 2, what, call: story.call };
		}
		return undefined;
	},
};

function differing({ outcomes }: Story): string | undefined {
	/** By who says it: the domain in all its answers, or a caller that has given up by itself. */
	const said = new Map<string, EventOf<"outcome">>();
	for (const event of outcomes) {
		const isDomains = event.by === "pushed" || event.by === "asked" || event.where === "domain";
		const who = isDomains ? "domain" : event.where;
		const before = said.get(who);
		if (before !== undefined && before.outcome.text !== event.outcome.text) {
			return `${who} said ${before.outcome.text} and then ${event.outcome.text}`;
		}
		said.set(who, event);
	}
	const domain = said.get("domain");
	for (const [who, { outcome }] of said) {
		// What a caller says by itself it cannot know to be true, and says so.
		if (who === "domain" || domain === undefined || outcome.text === domain.outcome.text) continue;
		if (outcome.code !== undefined && outcome.executed === "no" && domain.outcome.executed === "no") continue;
		if (outcome.executed !== "unknown" || outcome.code === undefined) {
			return `${who} said ${outcome.text}, executed ${outcome.executed}, and the domain ${domain.outcome.text}`;
		}
	}
	return undefined;
}
