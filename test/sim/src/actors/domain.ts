import type {
	DeliverEffect,
	OutcomeEffect,
	OutcomeText,
	QueueEffect,
	QueueEvent,
	QueueResult,
	StoreError,
	TakenEvent,
	UndeliveredEvent,
} from "@antiphon/delivery";
import { runCore } from "../core-runner.js";
import type { CallName } from "../history.js";
import type { Process } from "../machine.js";
import { bareOf, type Stanza } from "../network.js";
import { ADMIN, addressOf, type Body, DOMAIN, inStanzas, MAX_ITEMS, SERVICE } from "../wire.js";
import { eventsOf, takenEvent } from "./events-of.js";
import { Node, type Program } from "./node.js";
import { Witness } from "./witness.js";

/** For how long a delivery may be unanswered. */
const TAKEN_MS = 10_000;
const TELL_MS = 20_000;
/** How often a caller that says nothing is told of an outcome: it asks again itself. */
const TELLINGS = 5;

type Runner = ReturnType<typeof runCore<QueueEvent, QueueEffect>>;
type Settle = (result: QueueResult) => void;

/** The host of the queue: stanzas to events, effects to stanzas. What a queue says goes to the history with it. */
export class Domain extends Node implements Program {
	#runner: Runner | undefined;
	/** Who is answered by an ask, of this process. */
	#asks = new Map<number, Settle>();
	#asked = 0;
	#process: Process | undefined;
	#isTight = false;
	readonly #witness = new Witness(this.parts.history, () => this.parts.schedule.now);

	/** What a queue that starts from the disk as it is now says to these, which have asks. */
	shadow(events: readonly QueueEvent[]): Map<number, QueueResult> {
		if (events.length === 0) return new Map();
		const effects = this.#runner?.shadow(this.#queue(), events) ?? [];
		return new Map(
			effects.flatMap((effect) => (effect.type === "answer" ? [[effect.ask, effect.result] as const] : [])),
		);
	}

	/** There is little room left for new calls, or enough again. */
	tight(isTight: boolean): void {
		this.#isTight = isTight;
		this.#runner?.take({ type: "room", leftBytes: isTight ? 0 : Number.POSITIVE_INFINITY });
	}

	/** The outcomes of calls by what is on the disk. */
	outcomes(calls: readonly CallName[]): (OutcomeText | undefined)[] {
		const results = this.shadow(
			calls.map((call, ask): QueueEvent => {
				const [sender, id] = call.split(" ") as [string, string];
				return { type: "await", ask, sender, id };
			}),
		);
		return calls.map((_call, ask) => {
			const result = results.get(ask);
			return result?.is === "settled" ? result.outcome : undefined;
		});
	}

	/** It tells those whom it knew: they register anew. */
	online(): void {
		for (const address of this.parts.registry.values())
			this.hint(this.#process as Process, address, { is: "restarted" });
	}

	offline(): void {}

	receive(stanza: Stanza<Body>): void {
		const { body } = stanza;
		const process = this.#process as Process;
		if (body === undefined) return;
		const sender = bareOf(stanza.from);
		const { registry } = this.parts;
		if ((body.is === "pull" || body.is === "renew") && registry.get(body.instance) !== stanza.from) {
			this.answer(process, stanza, { is: "answers", items: [NOT_REGISTERED] });
			return;
		}
		if (sender !== ADMIN && ADMINISTRATION.has(body.is)) {
			this.answer(process, stanza, { is: "answers", items: [FORBIDDEN] });
			return;
		}
		if (body.is === "list") {
			this.answer(process, stanza, { is: "listed", items: this.#listed() });
			return;
		}
		if (body.is === "unavailable") this.#gone(stanza.from);
		const events = eventsOf(body, sender, stanza.from);
		if (stanza.kind === "headline") {
			for (const event of events) this.#runner?.take(event(0));
			return;
		}
		const results: QueueResult[] = [];
		let missing = events.length;
		events.forEach((event, i) => {
			const ask = ++this.#asked;
			this.#asks.set(ask, (result) => {
				results[i] = result;
				if (--missing === 0) this.answer(process, stanza, { is: "answers", items: results });
			});
			const made = event(ask);
			this.#witness.asked(ask, made);
			if (this.#runner?.take(made) !== true) this.#settle(ask, OVERLOADED);
		});
	}

	protected override addressFor(): string {
		return DOMAIN;
	}

	protected override fromFor(): string {
		return addressOf(SERVICE);
	}

	protected override program(process: Process): Program {
		this.#process = process;
		this.#asks = new Map();
		this.#runner = undefined;
		this.#witness.forget();
		this.#runner = runCore<QueueEvent, QueueEffect>({
			...this.parts,
			process,
			core: this.#queue(),
			release: (effects) => this.#release(process, effects),
			refuse: (events, error) => this.#refuse(events, error),
			keeps: (event) => event.type !== "submit" && event.type !== "redrive",
			mayComeLast: (event) => event.type === "settle",
			ended: (error) => this.ended(process, error),
		});
		if (this.#isTight) this.#runner.take({ type: "room", leftBytes: 0 });
		return this;
	}

	/** The first dead letters, by what is on the disk. */
	#listed(): readonly { readonly n: number }[] {
		const { callsIn } = this.parts.delivery;
		const page = this.#runner?.look((view, now) => callsIn(view, now, { list: "dead" }, undefined, () => true));
		const letters = (page?.calls ?? []).slice(0, MAX_ITEMS);
		const process = this.#process as Process;
		this.note(process, { type: "listed", letters: letters.map(({ sender, id }) => `${sender} ${id}`) });
		return letters.map(({ n }) => ({ n }));
	}

	#gone(address: string): void {
		for (const [instance, node] of this.parts.registry) {
			if (node === address) this.#runner?.take({ type: "provider-gone", service: SERVICE, instance });
		}
	}

	#queue() {
		return this.parts.delivery.queue();
	}

	#release(process: Process, effects: readonly QueueEffect[]): void {
		const isShadowed = this.random.chance(this.parts.options.shadows);
		const { callIn } = this.parts.delivery;
		this.#witness.released(effects, {
			shadow: isShadowed ? (events) => this.shadow(events) : undefined,
			look: (n) => this.#runner?.look((view, now) => callIn(view, now, n)),
		});
		const deliveries = new Map<string, DeliverEffect[]>();
		const outcomes = new Map<string, OutcomeEffect[]>();
		for (const effect of effects) {
			// It may die between any two of them.
			if (process.isOver) return;
			switch (effect.type) {
				case "answer":
					this.#settle(effect.ask, effect.result);
					break;
				case "deliver":
					gather(deliveries, `${effect.to} ${effect.instance} ${effect.session} ${effect.number}`, effect);
					break;
				case "outcome":
					gather(outcomes, effect.to, effect);
					break;
				case "lost":
					this.hint(process, effect.to, { is: "lost", items: [{ n: effect.n, token: effect.token }] });
					break;
				case "pull-again":
					this.hint(process, effect.to, { is: "pull-again", service: effect.service, instance: effect.instance });
					break;
			}
		}
		for (const items of deliveries.values()) for (const some of inStanzas(items)) this.#deliver(some);
		for (const [to, all] of outcomes) {
			// Who has asked twice is told once.
			const items = [...new Map(all.map((each) => [each.id, each])).values()];
			for (const some of inStanzas(items)) this.#tell(to, some, TELLINGS);
		}
	}

	#settle(ask: number, result: QueueResult): void {
		const settle = this.#asks.get(ask);
		this.#asks.delete(ask);
		if (settle === undefined) this.wrong(this.#process as Process, `ask ${ask} was answered twice`);
		settle?.(result);
	}

	#refuse(events: readonly QueueEvent[], error: StoreError): void {
		for (const event of events) {
			if (!("ask" in event)) continue;
			if (error.kind === "full") this.#settle(event.ask, OVERLOADED);
			else this.#asks.delete(event.ask);
		}
	}

	#deliver(items: readonly DeliverEffect[]): void {
		const [{ to }] = items as [DeliverEffect];
		const undelivered = (why: "gone" | "unknown") => {
			for (const { n, token } of items) this.#taken({ type: "undelivered", n, token, why });
		};
		this.ask(to, { is: "deliver", items }, TAKEN_MS, (answer) => {
			if (answer.is === "error") undelivered(answer.executed === "no" ? "gone" : "unknown");
			else if (answer.body.is === "taken") for (const item of answer.body.items) this.#taken(takenEvent(item));
		});
	}

	#taken(event: TakenEvent | UndeliveredEvent): void {
		if (event.type === "undelivered") this.#witness.undelivered(event.n);
		this.#runner?.take(event);
	}

	#tell(to: string, items: readonly OutcomeEffect[], more: number): void {
		const told = items.map(({ id, attempts, outcome }) => ({ id, attempts, outcome }));
		this.ask(to, { is: "outcome", items: told }, TELL_MS, (answer) => {
			if (answer.is === "result") return;
			if (answer.executed === "no") this.#runner?.take({ type: "caller-gone", address: to });
			else if (more > 1) this.#tell(to, items, more - 1);
		});
	}
}

const ADMINISTRATION: ReadonlySet<Body["is"]> = new Set(["survey", "list", "retry", "redrive", "purge"]);
const FORBIDDEN: QueueResult = {
	is: "refused",
	refusal: { code: "forbidden", message: "only for administrators", executed: "no" },
};

const NOT_REGISTERED: QueueResult = {
	is: "refused",
	refusal: { code: "not-found", message: "the instance is registered by another node, or not at all", executed: "no" },
};

const OVERLOADED: QueueResult = {
	is: "refused",
	refusal: { code: "overloaded", message: "there is no room", executed: "no", retryAfterMs: 1_000 },
};

function gather<Item>(groups: Map<string, Item[]>, name: string, item: Item): void {
	const group = groups.get(name);
	if (group === undefined) groups.set(name, [item]);
	else group.push(item);
}
