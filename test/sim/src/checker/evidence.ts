import type { CallName, Event, EventOf, History } from "../history.js";
import type { Options } from "../options.js";

/** A promise that was broken. */
export interface Violation {
	readonly rule: number;
	readonly what: string;
	readonly call?: CallName | undefined;
}

/** A promise: its number in CONTRIBUTING's list, and whether a world kept it. */
export interface Rule {
	readonly number: number;
	readonly promise: string;
	check(evidence: Evidence): Violation | undefined;
}

/** What happened to one call, in order. */
export interface Story {
	readonly call: CallName;
	readonly invoked: EventOf<"invoked">[];
	readonly kept: EventOf<"kept">[];
	readonly accepted: EventOf<"accepted">[];
	readonly refused: EventOf<"refused">[];
	readonly cancelling: EventOf<"cancelling">[];
	readonly delivered: EventOf<"delivered">[];
	readonly started: EventOf<"started">[];
	readonly effects: EventOf<"effect">[];
	readonly ended: EventOf<"ended">[];
	readonly aborted: EventOf<"aborted">[];
	readonly outcomes: EventOf<"outcome">[];
	/** Of its number at the domain. */
	readonly recorded: EventOf<"recorded">[];
	readonly reported: EventOf<"reported">[];
	readonly released: EventOf<"released">[];
	readonly renewed: EventOf<"renewed">[];
	/** Of a call that was a dead letter: how it became another call, or was purged. */
	readonly decided: (EventOf<"redriven"> | EventOf<"purged">)[];
	/** Of a redriven call: how it came to be. It has the invocation of the first. */
	readonly made: EventOf<"redriven">[];
}

/** What the checker has to judge by: everything that happened, and what it was in. */
export interface Evidence {
	readonly options: Options;
	readonly history: History;
	readonly stories: ReadonlyMap<CallName, Story>;
	readonly processes: readonly EventOf<"process">[];
	/** The callers that are there at the end: what they have kept must be settled. */
	readonly survivors: ReadonlySet<string>;
	/** What a lease takes at the domain, and how far its clock may be from that of the world: a share. */
	readonly leaseMs: number;
	readonly drift: number;
}

export function storiesOf(events: readonly Event[]): Map<CallName, Story> {
	const stories = new Map<CallName, Story>();
	const byNumber = new Map<number, Story>();
	const of = (call: CallName) => {
		const story = stories.get(call) ?? empty(call);
		stories.set(call, story);
		return story;
	};
	for (const event of events) {
		switch (event.type) {
			case "invoked":
			case "kept":
			case "accepted":
			case "refused":
			case "cancelling":
			case "started":
			case "ended":
			case "aborted":
				(of(event.call)[event.type] as Event[]).push(event);
				break;
			case "effect":
				of(event.call).effects.push(event);
				break;
			case "purged":
				of(event.call).decided.push(event);
				break;
			case "redriven":
				of(event.call).decided.push(event);
				of(event.as).made.push(event);
				of(event.as).invoked.push(...of(event.call).invoked);
				break;
			case "outcome":
				of(event.call).outcomes.push(event);
				break;
			case "delivered":
				byNumber.set(event.n, of(event.call));
				of(event.call).delivered.push(event);
				break;
			case "recorded":
			case "reported":
			case "released":
			case "renewed":
				(byNumber.get(event.n)?.[event.type] as Event[] | undefined)?.push(event);
				break;
			default:
		}
	}
	return stories;
}

function empty(call: CallName): Story {
	return {
		call,
		invoked: [],
		kept: [],
		accepted: [],
		refused: [],
		cancelling: [],
		delivered: [],
		started: [],
		effects: [],
		ended: [],
		aborted: [],
		outcomes: [],
		recorded: [],
		reported: [],
		released: [],
		renewed: [],
		decided: [],
		made: [],
	};
}
