import type { OutboxEffect, OutboxEvent, OutboxResult, OutcomeText, QueueResult, StoreError } from "@antiphon/delivery";
import type { Invocation } from "../application.js";
import { runCore } from "../core-runner.js";
import type { CallName } from "../history.js";
import type { Process } from "../machine.js";
import { bareOf, type Stanza } from "../network.js";
import { addressOf, type Body, inStanzas, SERVICE } from "../wire.js";
import { Node, type NodeParts, type Program } from "./node.js";

const ANSWER_MS = 20_000;
/** How long an application waits before it makes a call again that was refused for now, and how often. */
const AGAIN_MS = 5_000;
const TRIES = 20;

type Runner = ReturnType<typeof runCore<OutboxEvent, OutboxEffect>>;
type Request = Extract<OutboxEffect, { readonly request: number }>;

/** A program that calls, over an outbox. */
export class Caller extends Node implements Program {
	readonly #account: string;
	readonly #invocations: readonly Invocation[];
	/** What the application has noted of what it did, on a disk of its own: from which it goes on when it starts again. */
	readonly #invoked = new Set<Invocation>();
	readonly #done = new Set<string>();
	#runner: Runner | undefined;
	#process: Process | undefined;
	#asks = new Map<number, (result: OutboxResult) => void>();
	#asked = 0;

	constructor(parts: NodeParts, account: string, invocations: readonly Invocation[]) {
		super(parts);
		this.#account = account;
		this.#invocations = invocations;
	}

	/** What the application has not made yet. */
	toDo(): CallName[] {
		return this.#invocations.flatMap((each) => (this.#invoked.has(each) ? [] : [this.#nameOf(each.submission.id)]));
	}

	/** The outcomes of calls by what is on its disk. */
	outcomes(calls: readonly CallName[]): (OutcomeText | undefined)[] {
		const to = addressOf(SERVICE);
		const effects = this.#runner?.shadow(
			this.#outbox(),
			calls.map((call, ask) => ({ type: "wait", ask, to, id: call.slice(call.indexOf(" ") + 1) })),
		);
		const outcomes: (OutcomeText | undefined)[] = calls.map(() => undefined);
		for (const effect of effects ?? []) {
			if (effect.type === "answer" && effect.result.is === "settled") outcomes[effect.ask] = effect.result.outcome;
		}
		return outcomes;
	}

	online(): void {
		this.#runner?.take({ type: "link", isUp: true });
	}

	offline(): void {
		this.#runner?.take({ type: "link", isUp: false });
	}

	receive(stanza: Stanza<Body>): void {
		const { body } = stanza;
		if (body?.is !== "outcome" || stanza.kind !== "set") return;
		let missing = body.items.length;
		for (const item of body.items) {
			const ask = this.#ask(() => {
				if (--missing === 0) this.answer(this.#process as Process, stanza, { is: "received" });
			});
			this.#runner?.take({ type: "told", ask, from: bareOf(stanza.from), ...item });
		}
	}

	protected override addressFor(session: number): string {
		return `${this.#account}/${this.name}.${session}`;
	}

	protected override program(process: Process): Program {
		this.#process = process;
		this.#asks = new Map();
		this.#runner = runCore<OutboxEvent, OutboxEffect>({
			...this.parts,
			process,
			core: this.#outbox(),
			release: (effects) => this.#release(process, effects),
			refuse: (events, error) => this.#refuse(events, error),
			keeps: (event) => event.type !== "keep",
			ended: (error) => this.ended(process, error),
		});
		for (const invocation of this.#invocations) this.#resume(process, invocation);
		return this;
	}

	#outbox() {
		return this.parts.delivery.outbox({ isDurable: this.disk.isDurable });
	}

	/** What is to be done about a call by a program that has just started. */
	#resume(process: Process, invocation: Invocation): void {
		const { schedule } = this.parts;
		if (!this.#invoked.has(invocation)) {
			schedule.at(invocation.at, () => process.run(() => this.#invoke(process, invocation, TRIES)));
		} else if (!this.#done.has(invocation.submission.id)) {
			if (invocation.isRepeatable) this.#invoke(process, invocation, TRIES);
			else if (invocation.waits) this.#wait(process, invocation);
		}
		const { cancelAt } = invocation;
		if (cancelAt !== undefined) schedule.at(cancelAt, () => process.run(() => this.#cancel(process, invocation)));
	}

	#invoke(process: Process, invocation: Invocation, tries: number): void {
		const { submission } = invocation;
		const call = this.#nameOf(submission.id);
		this.#invoked.add(invocation);
		this.note(process, { type: "invoked", call, caller: this.name, process: process.number, submission });
		const ask = this.#ask((result) => {
			if (result.is === "kept") {
				this.note(process, { type: "kept", call, caller: this.name, isDurable: this.disk.isDurable });
				if (invocation.waits) this.#wait(process, invocation);
			} else if (result.is === "refused" && result.refusal.code !== "conflict" && tries > 1) {
				process.clock.after(AGAIN_MS, () => this.#invoke(process, invocation, tries - 1));
			}
		});
		if (!this.#take({ type: "keep", ask, to: addressOf(SERVICE), submission })) this.#asks.delete(ask);
	}

	#wait(process: Process, { submission: { id } }: Invocation): void {
		const call = this.#nameOf(id);
		const ask = this.#ask((result) => {
			if (result.is !== "settled") return;
			this.#done.add(id);
			const where = this.disk.isDurable ? this.name : `${this.name} ${process.number}`;
			this.note(process, { type: "outcome", call, outcome: result.outcome, by: "told", where });
		});
		this.#take({ type: "wait", ask, to: addressOf(SERVICE), id });
	}

	#cancel(process: Process, { submission: { id } }: Invocation): void {
		const call = this.#nameOf(id);
		this.note(process, { type: "cancelling", call, caller: this.name });
		const ask = this.#ask((result) => {
			if (result.is !== "settled") return;
			const where = this.disk.isDurable ? this.name : `${this.name} ${process.number}`;
			this.note(process, { type: "outcome", call, outcome: result.outcome, by: "told", where });
		});
		this.#take({ type: "cancel", ask, to: addressOf(SERVICE), id });
	}

	#nameOf(id: string): CallName {
		return `${this.#account} ${id}`;
	}

	#ask(settle: (result: OutboxResult) => void): number {
		const ask = ++this.#asked;
		this.#asks.set(ask, settle);
		return ask;
	}

	#take(event: OutboxEvent): boolean {
		return this.#runner?.take(event) ?? false;
	}

	#release(process: Process, effects: readonly OutboxEffect[]): void {
		const requests: Request[] = [];
		for (const effect of effects) {
			if (process.isOver) return;
			if (effect.type === "answer") {
				const settle = this.#asks.get(effect.ask);
				this.#asks.delete(effect.ask);
				if (settle === undefined) this.wrong(process, `ask ${effect.ask} of an outbox was answered twice`);
				settle?.(effect.result);
			} else if (effect.type !== "missing") requests.push(effect);
		}
		for (const kind of ["submit", "await", "cancel"] as const) {
			for (const some of inStanzas(requests.filter(({ type }) => type === kind))) this.#request(some);
		}
	}

	/** Requests of one kind, in one stanza. */
	#request(requests: readonly Request[]): void {
		const [first] = requests;
		if (first === undefined) return;
		this.ask(first.to, bodyOf(first.type, requests), ANSWER_MS, (answer) => {
			requests.forEach(({ request }, i) => {
				const result = answer.is === "result" && answer.body.is === "answers" ? answer.body.items[i] : undefined;
				this.#take(result === undefined ? { type: "unanswered", request } : answered(request, result));
			});
		});
	}

	#refuse(events: readonly OutboxEvent[], error: StoreError): void {
		for (const event of events) {
			if (event.type !== "keep" || error.kind !== "full") continue;
			const settle = this.#asks.get(event.ask);
			this.#asks.delete(event.ask);
			settle?.({ is: "refused", refusal: { code: "overloaded", message: "there is no room", executed: "no" } });
		}
	}
}

function bodyOf(type: Request["type"], requests: readonly Request[]): Body {
	if (type === "submit") {
		return {
			is: "submit",
			items: requests.flatMap((each) =>
				each.type === "submit" ? [{ submission: each.submission, notify: true }] : [],
			),
		};
	}
	if (type === "await") {
		return {
			is: "await",
			notify: true,
			items: requests.flatMap((each) => (each.type === "await" ? [{ id: each.id }] : [])),
		};
	}
	return {
		is: "cancel",
		items: requests.flatMap((each) => (each.type === "cancel" ? [{ id: each.id, expiresMs: each.expiresMs }] : [])),
	};
}

function answered(request: number, result: QueueResult): OutboxEvent {
	switch (result.is) {
		case "accepted":
		case "known":
		case "state":
		case "settled":
		case "refused":
			return { type: "answered", request, result };
		default:
			return { type: "unanswered", request };
	}
}
