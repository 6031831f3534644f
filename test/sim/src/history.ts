import type { DurableDelivery, OutcomeText, Submission } from "@antiphon/delivery";

/** A call in all of the world: the bare JID of its sender, a space, its id. */
export type CallName = string;

/** What happened that a promise can be held against, told by who did it at the moment when it did it. */
export type Happening =
	/** An application has made a call, or made it once more. */
	| {
			readonly type: "invoked";
			readonly call: CallName;
			readonly caller: string;
			readonly process: number;
			readonly submission: Submission;
	  }
	/** The outbox has said that it is on its disk. */
	| { readonly type: "kept"; readonly call: CallName; readonly caller: string; readonly isDurable: boolean }
	/** The domain has said that it is on its disk. `isThere`: whether a queue that starts from that disk at this moment has it. */
	| {
			readonly type: "accepted";
			readonly call: CallName;
			readonly isKnown: boolean;
			readonly isThere: boolean | undefined;
	  }
	/** The domain has said no. */
	| { readonly type: "refused"; readonly call: CallName; readonly code: string; readonly executed: string }
	| { readonly type: "cancelling"; readonly call: CallName; readonly caller: string }
	/** The domain has let a delivery go. */
	| {
			readonly type: "delivered";
			readonly call: CallName;
			readonly n: number;
			readonly token: number;
			readonly to: string;
			readonly instance: string;
			readonly isThere: boolean | undefined;
	  }
	/** A handler has begun. `run` is its number in all of the world. */
	| {
			readonly type: "started";
			readonly call: CallName;
			readonly run: number;
			readonly provider: string;
			readonly process: number;
			readonly n: number;
			readonly token: number;
			/** By which it knows its call. */
			readonly callId: CallName;
			readonly text: string;
			readonly delivery: DurableDelivery;
	  }
	/** The handler's effect, outside of everything that can be undone. */
	| { readonly type: "effect"; readonly call: CallName; readonly run: number }
	| { readonly type: "ended"; readonly call: CallName; readonly run: number; readonly outcome: OutcomeText }
	/** A handler that was told to stop has stopped, and what it gave is dropped. */
	| { readonly type: "aborted"; readonly call: CallName; readonly run: number }
	/** The inbox has let a report go, so its journal has it. */
	| {
			readonly type: "reported";
			readonly provider: string;
			readonly process: number;
			readonly isDurable: boolean;
			readonly n: number;
			readonly token: number;
			readonly text: string;
	  }
	/** A provider has handed a lease back. */
	| {
			readonly type: "released";
			readonly provider: string;
			readonly process: number;
			readonly n: number;
			readonly token: number;
			readonly executed: "no" | "unknown";
	  }
	/** The domain has confirmed a lease: in the answer to a renewal. */
	| { readonly type: "renewed"; readonly n: number; readonly token: number; readonly leaseMs: number }
	/** The domain has answered a report. */
	| {
			readonly type: "recorded";
			/** Bare JID of who has reported it. */
			readonly from: string;
			readonly n: number;
			readonly token: number;
			readonly text: string;
			readonly isFenced: boolean;
			/** Whether no other run may follow it. */
			readonly isFinal: boolean;
			readonly isThere: boolean | undefined;
	  }
	/** Somebody has been shown an outcome: by the domain (`pushed`, `asked`, `cancelled`), by a caller's own promise (`told`), by the journal at the end. */
	| {
			readonly type: "outcome";
			readonly call: CallName;
			readonly outcome: OutcomeText;
			readonly by: "pushed" | "asked" | "told" | "end";
			readonly where: string;
	  }
	/** A dead letter has become another call: the domain has said so, or has let that call go. */
	| { readonly type: "redriven"; readonly call: CallName; readonly as: CallName; readonly isThere: boolean | undefined }
	/** The domain has said that a dead letter is off its list. */
	| { readonly type: "purged"; readonly call: CallName; readonly isThere: boolean | undefined }
	/** An administrator was shown the dead letters, or the first of them. */
	| { readonly type: "listed"; readonly letters: readonly CallName[] }
	| { readonly type: "process"; readonly machine: string; readonly process: number; readonly is: "started" | "dead" }
	| { readonly type: "fault"; readonly fault: number; readonly what: string }
	| { readonly type: "healed" }
	/** Nobody comes any more: what happens from here on is only forgotten. */
	| { readonly type: "deserted" }
	/** Something that must never be, seen while it happened. */
	| { readonly type: "wrong"; readonly rule: number; readonly what: string; readonly call?: CallName | undefined };

export type Event = Happening & { readonly at: number; readonly number: number };
export type EventOf<Type extends Happening["type"]> = Extract<Event, { readonly type: Type }>;

/** All that happened, in its order. */
export class History {
	readonly events: Event[] = [];
	readonly #now: () => number;

	constructor(now: () => number) {
		this.#now = now;
	}

	add(happening: Happening): void {
		this.events.push({ ...happening, at: this.#now(), number: this.events.length });
	}
}

/** A line for people. */
export function lineOf(event: Event): string {
	const { at, number, type, ...rest } = event;
	const fields = Object.entries(rest).map(
		([name, value]) => `${name}=${typeof value === "object" ? JSON.stringify(value) : value}`,
	);
	return `${(at / 1000).toFixed(3).padStart(10)} #${number} ${type} ${fields.join(" ")}`;
}
