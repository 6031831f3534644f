import type { Rule, Story } from "./evidence.js";

/** 6: each lease has a higher token than those before it, and only the last one settles. */
export const tokens: Rule = {
	number: 6,
	promise: "only the last lease settles a call",
	check({ stories }) {
		for (const story of stories.values()) {
			const what = disorder(story);
			if (what !== undefined) return { rule: 6, what, call: story.call };
		}
		return undefined;
	},
};

function disorder({ delivered, recorded }: Story): string | undefined {
	for (let i = 1; i < delivered.length; i++) {
		const [one, next] = [delivered[i - 1]?.token ?? 0, delivered[i]?.token ?? 0];
		if (next <= one) return `token ${next} was delivered after token ${one}`;
	}
	for (const { number, token, isFenced } of recorded) {
		const last = delivered.filter((event) => event.number < number).at(-1)?.token;
		if (!isFenced && last !== token) return `a report with token ${token} was recorded when ${last} was the last one`;
	}
	return undefined;
}
