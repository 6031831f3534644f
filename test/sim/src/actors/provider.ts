import type { InboxAnswer, InboxEffect, InboxEvent, LeaseRef, QueueResult, StoreError } from "@antiphon/delivery";
import { runCore } from "../core-runner.js";
import type { Process } from "../machine.js";
import { hostOf, type Stanza } from "../network.js";
import { type Body, DOMAIN, inStanzas, SERVICE, type Taken, WORKERS } from "../wire.js";
import { Handlers } from "./handlers.js";
import { Node, type NodeParts, type Program } from "./node.js";

const ANSWER_MS = 15_000;

type Runner = ReturnType<typeof runCore<InboxEvent, InboxEffect>>;
type Request = Extract<InboxEffect, { readonly request: number }>;
type Result = InboxAnswer["result"];

/** A program that serves, over an inbox. */
export class Provider extends Node implements Program {
	readonly #version: string;
	#runner: Runner | undefined;
	#process: Process | undefined;
	#address: string | undefined;
	#handlers: Handlers | undefined;
	#asks = new Map<number, (result: Result) => void>();
	#asked = 0;
	/** By number of the call, its last run here; and the runs whose outcome found no room. */
	#runs = new Map<number, number>();
	#unkept = new Set<number>();

	/** @param version of the contract that it serves */
	constructor(parts: NodeParts, version: string) {
		super(parts);
		this.#version = version;
	}

	online(address: string): void {
		this.#address = address;
		this.#register(address);
	}

	#register(address: string): void {
		const process = this.#process as Process;
		// Which takes a while.
		process.clock.after(this.random.spread(1, 500), () => {
			if (this.#address !== address) return;
			this.parts.registry.set(this.name, address);
			this.#runner?.take({ type: "serve", ...this.#place, credit: this.parts.options.credit });
		});
	}

	offline(): void {
		this.#address = undefined;
		this.#runner?.take({ type: "offline" });
	}

	receive(stanza: Stanza<Body>): void {
		const { body } = stanza;
		if (hostOf(stanza.from) !== DOMAIN) return;
		if (body?.is === "deliver" && stanza.kind === "set") this.#deliver(stanza, body);
		else if (body?.is === "pull-again") this.#runner?.take({ type: "pull-now", ...this.#place });
		else if (body?.is === "restarted") this.#register(stanza.to);
		else if (body?.is === "lost") {
			for (const { n, token } of body.items) this.#runner?.take({ type: "lost", domain: DOMAIN, n, token });
		}
	}

	get #place() {
		return { domain: DOMAIN, service: SERVICE, instance: this.name };
	}

	protected override addressFor(session: number): string {
		return `${WORKERS}/${this.name}.${session}`;
	}

	protected override program(process: Process): Program {
		this.#process = process;
		this.#asks = new Map();
		this.#runs = new Map();
		this.#unkept = new Set();
		this.#runner = undefined;
		this.#handlers = new Handlers({
			...this.parts,
			process,
			provider: this.name,
			ended: (event) => this.#runner?.take(event),
			crash: () => this.kill(this.random.spread(10, 10_000)),
		});
		this.#runner = runCore<InboxEvent, InboxEffect>({
			...this.parts,
			process,
			core: this.parts.delivery.inbox({
				session: `${this.name}-${process.number}`,
				isDurable: this.disk.isDurable,
			}),
			release: (effects) => this.#release(process, effects),
			refuse: (events, error) => this.#refuse(events, error),
			keeps: (event) => event.type !== "deliver" && (event.type !== "ended" || event.isUnkept === true),
			ended: (error) => this.ended(process, error),
		});
		return this;
	}

	#deliver(stanza: Stanza<Body>, { items }: Extract<Body, { readonly is: "deliver" }>): void {
		const taken: Taken[] = [];
		let missing = items.length;
		items.forEach((item, i) => {
			const { type: _type, to: _to, ...delivery } = item;
			if (item.call.version > this.#version) this.wrong(this.#process as Process, `got a call of ${item.call.version}`);
			const ask = ++this.#asked;
			const settle = (result: Result) => {
				taken[i] = takenOf(item, result);
				if (--missing === 0) this.answer(this.#process as Process, stanza, { is: "taken", items: taken });
			};
			this.#asks.set(ask, settle);
			const isTaken = this.#runner?.take({ type: "deliver", ask, ...delivery, ...this.#place });
			if (isTaken !== true) this.#settle(ask, OVERLOADED);
		});
	}

	#settle(ask: number, result: Result): void {
		const settle = this.#asks.get(ask);
		this.#asks.delete(ask);
		if (settle === undefined) this.wrong(this.#process as Process, `ask ${ask} of an inbox was answered twice`);
		settle?.(result);
	}

	#release(process: Process, effects: readonly InboxEffect[]): void {
		const requests: Request[] = [];
		for (const effect of effects) {
			if (process.isOver) return;
			switch (effect.type) {
				case "answer":
					this.#settle(effect.ask, effect.result);
					break;
				case "run":
					this.#runs.set(effect.n, effect.run);
					if (process.acts()) this.#handlers?.run(effect);
					break;
				case "abort":
					this.#handlers?.abort(effect.run);
					break;
				case "dropped":
					break;
				default:
					requests.push(effect);
			}
		}
		for (const type of ["pull", "settle", "renew", "release"] as const) {
			this.#request(
				process,
				type,
				requests.filter((each) => each.type === type),
			);
		}
	}

	/** Requests of one kind: outcomes and what is handed back in one stanza, the others each in its own. */
	#request(process: Process, type: Request["type"], requests: readonly Request[]): void {
		const [first] = requests;
		if (first === undefined) return;
		if (type === "pull" || type === "renew") {
			for (const each of requests) this.#ask(process, [each]);
		} else for (const some of inStanzas(requests)) this.#ask(process, some);
	}

	#ask(process: Process, requests: readonly Request[]): void {
		for (const { type, ...rest } of requests) {
			const { n, token } = rest as unknown as LeaseRef;
			const from = { provider: this.name, process: process.number, n, token };
			if (type === "settle") {
				const { text } = (rest as unknown as { outcome: { text: string } }).outcome;
				const isDurable = this.disk.isDurable && !this.#unkept.has(this.#runs.get(n) ?? 0);
				this.note(process, { type: "reported", ...from, isDurable, text });
			} else if (type === "release") {
				const { executed } = rest as unknown as { executed: "no" | "unknown" };
				this.note(process, { type: "released", ...from, executed });
			}
		}
		this.ask(DOMAIN, bodyOf(requests, this.#version), ANSWER_MS, (answer) => {
			requests.forEach(({ request }, i) => {
				const result = answer.is === "result" && answer.body.is === "answers" ? answer.body.items[i] : undefined;
				this.#runner?.take(result === undefined ? { type: "unanswered", request } : answered(request, result));
			});
		});
	}

	#refuse(events: readonly InboxEvent[], error: StoreError): void {
		for (const event of events) {
			if (event.type === "ended" && error.kind === "full") {
				this.#unkept.add(event.run);
				this.#runner?.take({ ...event, isUnkept: true });
			}
			if (event.type !== "deliver") continue;
			if (error.kind === "full") this.#settle(event.ask, OVERLOADED);
			else this.#asks.delete(event.ask);
		}
	}
}

const OVERLOADED: Result = {
	is: "refused",
	refusal: { code: "overloaded", message: "there is no room", executed: "no", retryAfterMs: 1_000 },
};

function takenOf({ n, token }: LeaseRef, result: Result): Taken {
	if (result.is === "taken") return { n, token, refusal: undefined };
	const { code, executed, retryAfterMs } = result.refusal;
	const isGone = executed === "no" ? "gone" : "unknown";
	return { n, token, refusal: code === "overloaded" ? code : isGone, retryAfterMs };
}

function bodyOf(requests: readonly Request[], version: string): Body {
	const [first] = requests as [Request];
	if (first.type === "pull") {
		const { service, instance, credit, session, number, inbox, held } = first;
		return { is: "pull", service, instance, version, credit, session, number, inbox, items: held };
	}
	if (first.type === "renew") {
		const { service, instance, items } = first;
		return { is: "renew", service, instance, items };
	}
	if (first.type === "settle") {
		return {
			is: "settle",
			items: requests.flatMap((each) =>
				each.type === "settle" ? [{ n: each.n, token: each.token, outcome: each.outcome }] : [],
			),
		};
	}
	return {
		is: "release",
		items: requests.flatMap((each) =>
			each.type === "release"
				? [
						{
							...{ n: each.n, token: each.token, executed: each.executed },
							...{ retryAfterMs: each.retryAfterMs, afterMs: each.afterMs },
						},
					]
				: [],
		),
	};
}

function answered(request: number, result: QueueResult): InboxEvent {
	switch (result.is) {
		case "pulling":
		case "recorded":
		case "renewed":
		case "released":
		case "refused":
			return { type: "answered", request, result };
		default:
			return { type: "unanswered", request };
	}
}
