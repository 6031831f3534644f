import type { Rule, Story } from "./evidence.js";

/** 8: calls of one sender to one function with one order key run in the order in which they were accepted, one after the other. */
export const inOrder: Rule = {
	number: 8,
	promise: "what has an order key runs in order",
	check({ stories }) {
		for (const chain of chainsOf(stories.values())) {
			for (let i = 1; i < chain.length; i++) {
				const [one, next] = [chain[i - 1], chain[i]] as [Story, Story];
				const began = next.delivered[0];
				if (began === undefined) continue;
				// Whoever hears of an outcome hears of it after the domain has decided on it.
				const late = one.delivered.find(({ number }) => number > began.number);
				if (late !== undefined)
					return { rule: 8, what: `was delivered before ${one.call}, which came first, was settled`, call: next.call };
			}
		}
		return undefined;
	},
};

/** The calls of each order key, in the order in which they were accepted first. */
function chainsOf(stories: Iterable<Story>): Story[][] {
	const chains = new Map<string, Story[]>();
	for (const story of stories) {
		const submission = story.invoked[0]?.submission;
		if (submission?.orderKey === undefined || story.accepted.length === 0) continue;
		// Whether a redriven call came before another nobody may have been told.
		if (story.made.length > 0) continue;
		const sender = story.call.slice(0, story.call.indexOf(" "));
		const name = `${sender} ${submission.call.fn} ${submission.orderKey}`;
		chains.set(name, [...(chains.get(name) ?? []), story]);
	}
	const acceptedAt = ({ accepted }: Story) => accepted[0]?.number ?? 0;
	return [...chains.values()].map((chain) => chain.sort((one, other) => acceptedAt(one) - acceptedAt(other)));
}
