import type { Process } from "../machine.js";
import { ADMIN, DOMAIN, type Order } from "../wire.js";
import { Node, type Program } from "./node.js";

const ANSWER_MS = 20_000;
const ACTS = 16;
/** How often an order is given that is not answered. */
const TRIES = 3;

type Numbers = readonly { readonly n: number }[];

/** Somebody who looks after the queue, and does not always know what has been done already. */
export class Administrator extends Node implements Program {
	online(): void {}
	offline(): void {}
	receive(): void {}

	protected override addressFor(session: number): string {
		return `${ADMIN}/${this.name}.${session}`;
	}

	protected override program(process: Process): Program {
		const { faultyMs } = this.parts.options;
		for (let i = 0; i < ACTS; i++) {
			process.clock.after(this.random.below(faultyMs * 1.2), () => this.#act());
		}
		return this;
	}

	#act(): void {
		const { random } = this;
		const some = () => [{ n: random.between(1, 2 * this.parts.options.calls) }];
		const acts: (() => void)[] = [
			() => this.ask(DOMAIN, { is: "survey" }, ANSWER_MS, () => {}),
			() => this.#order("retry", some()),
			() => this.#order(random.pick<Order>(["redrive", "purge"]), some()),
			() => this.#list((letters) => letters.length > 0 && this.#order("purge", [random.pick(letters)])),
			() => this.#list((letters) => this.#redrive(letters)),
			() => this.#list((letters) => this.#redrive(letters)),
		];
		random.pick(acts)();
	}

	/** All, and perhaps all once more: by somebody who has waited for too long, or by somebody else. */
	#redrive(letters: Numbers): void {
		if (letters.length === 0) return;
		this.#order("redrive", letters);
		if (this.random.chance(0.5)) this.#order("redrive", letters);
	}

	#list(done: (letters: Numbers) => unknown): void {
		this.ask(DOMAIN, { is: "list" }, ANSWER_MS, (answer) => {
			if (answer.is === "result" && answer.body.is === "listed") done(answer.body.items);
		});
	}

	#order(is: Order, items: Numbers, tries = TRIES): void {
		this.ask(DOMAIN, { is, items }, ANSWER_MS, (answer) => {
			if (answer.is === "error" && tries > 1) this.#order(is, items, tries - 1);
		});
	}
}
