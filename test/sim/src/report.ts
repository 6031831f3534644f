import { createHash } from "node:crypto";
import { storiesOf } from "./checker/evidence.js";
import { type Event, lineOf } from "./history.js";
import type { Options } from "./options.js";
import type { Outcome } from "./world.js";

const LINES = 40;

/** What a failure is told with: how to see it again, what was broken, and how it came to it. */
export function reportOf(outcome: Outcome, given: Partial<Options> = {}): string {
	const { seed, options, history, violation } = outcome;
	if (violation === undefined) return "";
	const { rule, what, call } = violation;
	const about = call === undefined ? history.events : eventsAbout(history.events, call);
	return [
		`seed ${seed} breaks rule ${rule}${call === undefined ? "" : ` for ${call}`}: ${what}`,
		`npm run sim -- --seed ${seed}${Object.keys(given).length === 0 ? "" : ` --options '${JSON.stringify(given)}'`}`,
		`options: ${JSON.stringify(options)}`,
		...about.slice(-LINES).map(lineOf),
	].join("\n");
}

/** Of everything that happened what one call had to do with, and what befell the machines meanwhile. */
export function eventsAbout(events: readonly Event[], call: string): Event[] {
	const story = storiesOf(events).get(call);
	const numbers = new Set(story?.delivered.map(({ n }) => n));
	const first = story?.invoked[0]?.number ?? 0;
	return events.filter((event) => {
		if ("call" in event) return event.call === call;
		if ("n" in event) return numbers.has(event.n);
		return event.number > first || event.type === "process";
	});
}

/** Of everything that happened: the same for the same world. */
export function hashOf({ history }: Outcome): string {
	const hash = createHash("sha256");
	for (const event of history.events) hash.update(JSON.stringify(event));
	return hash.digest("hex");
}
