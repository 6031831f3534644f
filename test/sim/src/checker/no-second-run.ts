import type { EventOf } from "../history.js";
import type { Evidence, Rule, Story } from "./evidence.js";

/**
 * 5: an effectively-once call is run once more only when the run before has failed or died, or nothing was heard of it for a
 * lease; and never where the outcome of a run is kept.
 */
export const noSecondRun: Rule = {
	number: 5,
	promise: "no call runs a second time where that is not allowed",
	check(evidence) {
		for (const story of evidence.stories.values()) {
			if (story.started[0]?.delivery !== "effectively-once") continue;
			// By leases: a delivery that is very late may begin after the run of a later one.
			const runs = story.started.toSorted((one, other) => one.token - other.token);
			for (let i = 1; i < runs.length; i++) {
				const [one, next] = [runs[i - 1], runs[i]] as [Start, Start];
				const what = unexcused(story, one, next, evidence) ?? inspiteOfRecord(story, next);
				if (what !== undefined) return { rule: 5, what, call: story.call };
			}
		}
		return undefined;
	},
};

type Start = EventOf<"started">;

function unexcused(story: Story, one: Start, next: Start, evidence: Evidence): string | undefined {
	const what = `run ${next.run} began beside run ${one.run}`;
	if (next.token === one.token) return `${what} with the same token ${one.token}`;
	const delivery = story.delivered.find(({ token }) => token === next.token);
	if (delivery === undefined) return `${what} without a delivery`;
	const ended = story.ended.find(({ run, number }) => run === one.run && number < delivery.number);
	if (ended?.outcome.code !== undefined && ended.outcome.executed !== "no") return undefined;
	const hasDied = evidence.processes.some(
		({ machine, process, is, number }) =>
			machine === one.provider && process === one.process && is === "dead" && number < delivery.number,
	);
	if (hasDied) return undefined;
	// The lease of the run is the last one that its process has spoken of; it has to have been over when there was another.
	const spoken = [...story.reported, ...story.released].filter(
		(event) => event.provider === one.provider && event.process === one.process,
	);
	const began = story.delivered.find(({ token }) => token === one.token)?.number ?? one.number;
	const meanwhile = [...spoken, ...story.renewed].filter(
		({ number, token }) => number > began && number < delivery.number && token < next.token,
	);
	const token = Math.max(one.token, ...meanwhile.map((event) => event.token));
	const confirmed = [...story.delivered, ...story.renewed].filter((event) => event.token === token);
	const after = story.delivered.find((event) => event.token > token) ?? delivery;
	const last = Math.max(...confirmed.filter(({ number }) => number < after.number).map(({ at }) => at));
	const silent = after.at - last;
	if (silent >= evidence.leaseMs * (1 - 2 * evidence.drift) - 1) return undefined;
	return `${what}, whose process lives, and token ${after.token} came ${silent.toFixed(0)} ms after its lease was confirmed`;
}

/** A provider that has the outcome of a run, and no answer to its report yet, under whatever token, reports that, whatever lease it gets. */
function inspiteOfRecord({ reported, recorded, started }: Story, next: Start): string | undefined {
	const record = reported.find(
		({ provider, process, number, isDurable, text }) =>
			provider === next.provider &&
			number < next.number &&
			(isDurable || process === next.process) &&
			!recorded.some((answer) => answer.text === text && answer.number < next.number),
	);
	if (record === undefined) return undefined;
	const run = started.find(({ provider, number }) => provider === record.provider && number < record.number);
	return `run ${next.run} began at ${next.provider}, which had the outcome of run ${run?.run}`;
}
