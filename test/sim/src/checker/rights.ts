import { bareOf } from "../network.js";
import type { Rule } from "./evidence.js";

/** 10: nobody is shown what came of another's call, and nobody but the holder of a lease settles it. */
export const rights: Rule = {
	number: 10,
	promise: "nothing crosses from one sender to another",
	check({ stories }) {
		const owners = new Map<string, string>();
		for (const { call, ended } of stories.values()) for (const { outcome } of ended) owners.set(outcome.text, call);
		for (const { call, outcomes, delivered, recorded } of stories.values()) {
			for (const { outcome, by, where } of outcomes) {
				const owner = owners.get(outcome.text);
				if (owner !== undefined && owner !== call) {
					return { rule: 10, what: `${outcome.text} of ${owner} was shown, ${by} to ${where}`, call };
				}
			}
			for (const { from, n, token, isFenced } of recorded) {
				const holder = delivered.find((lease) => lease.n === n && lease.token === token);
				if (!isFenced && (holder === undefined || bareOf(holder.to) !== from)) {
					return { rule: 10, what: `${from} has settled token ${token}, which is not its own`, call };
				}
			}
		}
		return undefined;
	},
};
