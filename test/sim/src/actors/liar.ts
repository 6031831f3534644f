import type { OutcomeText } from "@antiphon/delivery";
import type { Process } from "../machine.js";
import { addressOf, type Body, DOMAIN, SERVICE } from "../wire.js";
import { Node, type NodeParts, type Program } from "./node.js";

const ANSWER_MS = 20_000;
const ACTS = 25;

/** What a liar has guessed, or overheard: ids that others use, where they are, and how far numbers and tokens go. */
export interface Overheard {
	readonly ids: readonly string[];
	readonly addresses: readonly string[];
	readonly calls: number;
}

/** An account of its own that wants what belongs to others: their outcomes, their calls, their leases. It writes what it likes. */
export class Liar extends Node implements Program {
	readonly #overheard: Overheard;

	constructor(parts: NodeParts, overheard: Overheard) {
		super(parts);
		this.#overheard = overheard;
	}

	online(): void {}
	offline(): void {}
	receive(): void {}

	protected override addressFor(session: number): string {
		return `${this.name}@example.org/${this.name}.${session}`;
	}

	protected override program(process: Process): Program {
		for (let i = 0; i < ACTS; i++) {
			process.clock.after(this.random.below(this.parts.options.faultyMs), () => this.#lie(process));
		}
		return this;
	}

	#lie(process: Process): void {
		const { random } = this;
		const { ids, addresses, calls } = this.#overheard;
		const id = random.pick(ids);
		const lease = { n: random.between(1, calls), token: random.between(1, 3) };
		const to = random.pick([DOMAIN, addressOf(SERVICE)]);
		const body = random.pick<() => Body>([
			() => ({ is: "await", notify: true, items: [{ id }] }),
			() => ({ is: "cancel", items: [{ id, expiresMs: 60_000 }] }),
			() => ({ is: "settle", items: [{ ...lease, outcome: FORGED }] }),
			() => ({ is: "release", items: [{ ...lease, executed: "no" }] }),
			() => ({ is: "renew", service: SERVICE, instance: "worker-1", items: [lease] }),
			() => ({ ...PULL, items: [] }),
		]);
		this.ask(to, body(), ANSWER_MS, () => {});
		const victim = random.pick(addresses);
		this.hint(process, victim, { is: "lost", items: [lease] });
		this.ask(victim, { is: "outcome", items: [{ id, attempts: 1, outcome: FORGED }] }, ANSWER_MS, () => {});
		const answers: Body = { is: "answers", items: [{ is: "settled", attempts: 1, outcome: FORGED }] };
		this.forge(process, victim, `${victim} ${random.below(50)}`, answers);
	}
}

const FORGED: OutcomeText = { text: "<reply of='a liar'/>", code: undefined, executed: "yes" };
const PULL = {
	is: "pull",
	service: SERVICE,
	instance: "worker-1",
	version: "1.0.0",
	credit: 100,
	session: "a liar's",
	number: 1_000,
	inbox: "durable",
} as const;
