import type { LeaseRef, OutcomeText, Submission } from "../calls.js";
import { Queue } from "../queue/queue.js";
import type {
	DeliverEffect,
	OutcomeEffect,
	PullEvent,
	QueueEffect,
	QueueEvent,
	QueueResult,
	SubmitEvent,
} from "../queue/queue-events.js";
import type { QueueOptions } from "../queue/queue-options.js";
import { CoreBench } from "./core-bench.js";

export const ALICE = "alice@example.org";
export const WORKER = "worker@example.org/a";
export const REPLY: OutcomeText = { text: "<reply/>", code: undefined, executed: "yes" };

export function fault(
	code: Exclude<OutcomeText["code"], undefined>,
	more: Partial<Pick<OutcomeText, "name" | "executed">> = {},
): OutcomeText {
	return { text: `<fault code='${code}'/>`, code, executed: "yes", ...more };
}

/** An event that is answered, but for the number that the bench makes up. */
type Asked = QueueEvent extends infer Event ? (Event extends { ask: number } ? Omit<Event, "ask"> : never) : never;
type CallOptions = Partial<Omit<Submission, "retry">> & {
	readonly sender?: string;
	readonly notify?: string;
	readonly fn?: string;
	readonly input?: string;
	readonly version?: string;
	readonly retry?: Partial<Submission["retry"]>;
};

/** As versions of contracts: one of the same major version that is not older. */
export function fits(wanted: string, served: string): boolean {
	const [[major, ...asked], [other, ...there]] = [wanted, served].map((text) => text.split(".").map(Number)) as [
		number[],
		number[],
	];
	const differing = asked.findIndex((number, i) => number !== there[i]);
	return major === other && (differing < 0 || (asked[differing] ?? 0) < (there[differing] ?? 0));
}

/** A queue, and what callers and providers say to it, with words for what is the same in most tests. */
export class QueueBench extends CoreBench<QueueEvent, QueueEffect> {
	#asks = 0;
	#numbers = 0;

	constructor(options: Partial<QueueOptions> = {}) {
		const fault: QueueOptions["fault"] = (code, executed, message) => `<fault ${code} ${executed}>${message}`;
		super(() => new Queue({ fault, ...options }));
	}

	/** Asks, and hands back the answer with what else happens. */
	ask(event: Asked): { readonly result: QueueResult; readonly effects: readonly QueueEffect[] } {
		const ask = ++this.#asks;
		const effects = this.tell({ ...event, ask } as QueueEvent);
		const answers = effects.filter((effect) => effect.type === "answer");
		const [answer] = answers;
		if (answers.length !== 1 || answer?.ask !== ask)
			throw new Error(`${event.type} was answered ${answers.length} times`);
		return { result: answer.result, effects: effects.filter((effect) => effect !== answer) };
	}

	submit(id: string, options: CallOptions = {}) {
		return this.ask(submitOf(id, options));
	}

	/** An instance pulls, with a number of its own if it says none. */
	pull(options: Partial<PullEvent> = {}) {
		return this.ask({
			type: "pull",
			service: "dictionary",
			instance: "w1",
			node: WORKER,
			version: "1.0.0",
			credit: 10,
			session: "s1",
			number: ++this.#numbers,
			inbox: "memory",
			held: [],
			...options,
		});
	}

	settle({ n, token }: LeaseRef, outcome: OutcomeText = REPLY, from = "worker@example.org") {
		return this.ask({ type: "settle", from, n, token, outcome });
	}

	taken({ n, token }: LeaseRef): readonly QueueEffect[] {
		return this.tell({ type: "taken", n, token });
	}

	renew(items: readonly LeaseRef[], instance = "w1", from = "worker@example.org") {
		const refs = items.map(({ n, token }) => ({ n, token }));
		return this.ask({ type: "renew", from, service: "dictionary", instance, items: refs });
	}

	release({ n, token }: LeaseRef, executed: "no" | "unknown" = "no", retryAfterMs?: number) {
		return this.ask({ type: "release", from: "worker@example.org", n, token, executed, retryAfterMs });
	}

	cancel(id: string, expiresMs = 60_000) {
		return this.ask({ type: "cancel", sender: ALICE, id, expiresMs });
	}

	/** What has become of a call: its state, or its outcome's code. */
	stateOf(id: string, sender = ALICE): string {
		const { result } = this.ask({ type: "await", sender, id });
		if (result.is === "settled") return `settled ${result.outcome.code ?? "reply"} ${result.outcome.executed}`;
		return result.is === "state" ? result.state : result.is === "refused" ? result.refusal.code : result.is;
	}
}

export function submitOf(id: string, options: CallOptions = {}): Omit<SubmitEvent, "ask"> {
	const { sender = ALICE, notify, fn = "dictionary.learn", input = "x", version = "1.0.0", retry, ...rest } = options;
	return {
		type: "submit",
		sender,
		notify,
		submission: {
			id,
			call: { fn, version, text: `<call>${input}</call>`, digest: `${fn} ${version} ${input}` },
			delivery: "effectively-once",
			afterMs: 0,
			expiresMs: 3_600_000,
			orderKey: undefined,
			retry: { attempts: 3, backoffMs: 1_000, maxBackoffMs: 10_000, attemptMs: 60_000, faults: ["busy"], ...retry },
			...rest,
		},
	};
}

export function deliveries(effects: readonly QueueEffect[]): DeliverEffect[] {
	return effects.filter((effect) => effect.type === "deliver");
}

/** The one delivery that there is. */
export function delivery(effects: readonly QueueEffect[]): DeliverEffect {
	const [first, ...rest] = deliveries(effects);
	if (first === undefined || rest.length > 0)
		throw new Error(`${rest.length + (first ? 1 : 0)} deliveries, and not one`);
	return first;
}

export function outcomes(effects: readonly QueueEffect[]): OutcomeEffect[] {
	return effects.filter((effect) => effect.type === "outcome");
}
