import type { FunctionContract } from "@antiphon/contract";
import type { Log } from "@antiphon/protocol";
import { Seldom } from "./seldom.js";

/** Lines of one function, in a second and at a level. Whoever calls must not be able to fill a log. */
const BURST = 10;
const EVERY_MS = 1_000;

/** Writes down what goes wrong in a call, for whoever can mend it. */
export type Complain = (thrown: unknown) => void;

/** What goes wrong in the handlers of a node, in its log: the first ten of each function in a second, of the rest the number. */
export class Complaints {
	readonly #log: Log;
	readonly #said = new WeakMap<FunctionContract, { readonly error: Seldom; readonly debug: Seldom }>();

	constructor(log: Log) {
		this.#log = log;
	}

	/**
	 * @param call in words
	 * @param isOver whether nobody waits any more: after an abort nearly everything fails
	 */
	about(fn: FunctionContract, call: string, isOver: boolean, thrown: unknown): void {
		const said = this.#said.get(fn) ?? { error: new Seldom(EVERY_MS, BURST), debug: new Seldom(EVERY_MS, BURST) };
		this.#said.set(fn, said);
		const level = isOver ? "debug" : "error";
		said[level].say((more) => this.#log[level](`${call} failed${more}: ${detailOf(thrown)}`));
	}
}

function detailOf(thrown: unknown): string {
	try {
		return thrown instanceof Error ? String(thrown.stack ?? thrown.message) : String(thrown);
	} catch {
		return "something was thrown that cannot be shown";
	}
}
