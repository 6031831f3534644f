import type { FunctionKind } from "@antiphon/contract";
import { BusError } from "@antiphon/protocol";
import type { Ending } from "./balancer.js";
import type { Hop, Route } from "./route.js";

/** Places at which one call is tried, at most. */
const MAX_ATTEMPTS = 4;

export interface Errand<Answer> {
	readonly route: Route;
	/** The function's own name. */
	readonly fn: string;
	readonly kind: FunctionKind;
	/** What is left of the deadline, in milliseconds. */
	remainingMs(): number;
	/** One attempt. Settles by the deadline. @throws BusError */
	ask(hop: Hop): Promise<Answer>;
}

/**
 * Makes a call at one instance and, when that does not do, at others while the deadline lasts.
 *
 * | what happened there                          | `get`                           | `set`             |
 * | -------------------------------------------- | ------------------------------- | ----------------- |
 * | it cannot have run: gone, draining, full     | elsewhere                       | elsewhere         |
 * | it was closed while it ran                   | elsewhere                       | that is the outcome |
 * | the domain says that the instance has gone   | also elsewhere; first answer    | waits             |
 * | nothing, for half of the deadline            | also elsewhere, within a budget | waits             |
 * | any other error, a fault, a reply            | that is the outcome             | that is the outcome |
 */
export function attempt<Answer>(errand: Errand<Answer>, first: Hop): Promise<Answer> {
	return new Promise((resolve, reject) => {
		new Attempts(errand, resolve, reject).launch(first);
	});
}

class Attempts<Answer> {
	readonly #errand: Errand<Answer>;
	readonly #resolve: (answer: Answer) => void;
	readonly #reject: (error: BusError) => void;
	readonly #tried = new Set<string>();
	readonly #letGo: (() => void)[] = [];
	#attempts = 0;
	/** Attempts under way, and the search for a place for another. */
	#open = 0;
	#over = false;
	#error: BusError | undefined;

	constructor(errand: Errand<Answer>, resolve: (answer: Answer) => void, reject: (error: BusError) => void) {
		this.#errand = errand;
		this.#resolve = resolve;
		this.#reject = reject;
		if (errand.kind === "get" && errand.route.canHedge()) {
			const timer = setTimeout(() => errand.route.spendHedge() && this.#another(), errand.remainingMs() / 2);
			this.#letGo.push(() => clearTimeout(timer));
		}
	}

	launch(hop: Hop): void {
		this.#attempts++;
		this.#tried.add(hop.key);
		this.#open++;
		const end = hop.begin();
		const unwatch = this.#errand.kind === "get" ? this.#whenGone(hop) : () => {};
		this.#errand.ask(hop).then(
			(answer) => {
				end("answered");
				if (this.#finish()) this.#resolve(answer);
			},
			(thrown) => {
				unwatch();
				const error = BusError.from(thrown);
				end(endingOf(error));
				this.#failed(hop.isNamed ? atInstance(error) : error);
			},
		);
	}

	/** Goes elsewhere if the instance goes while its answer is waited for: once, however often the domain says so. */
	#whenGone(hop: Hop): () => void {
		const unwatch = hop.onGone(() => {
			unwatch();
			this.#another();
		});
		this.#letGo.push(unwatch);
		return unwatch;
	}

	#failed(error: BusError): void {
		this.#open--;
		if (this.#over) return;
		this.#error = worse(this.#error, error);
		if (isElsewhere(error, this.#errand.kind)) this.#another();
		else if (this.#finish()) this.#reject(error);
	}

	/** Goes to another instance, if there is one; when nothing is left to wait for, the call has failed. */
	#another(): void {
		if (this.#over) return;
		this.#open++;
		void this.#elsewhere().then((hop) => {
			this.#open--;
			if (this.#over) return;
			if (hop !== undefined) this.launch(hop);
			else if (this.#open === 0 && this.#error !== undefined && this.#finish()) this.#reject(this.#error);
		});
	}

	async #elsewhere(): Promise<Hop | undefined> {
		const { route, fn, remainingMs } = this.#errand;
		if (this.#attempts >= MAX_ATTEMPTS || !(remainingMs() > 0)) return undefined;
		try {
			return await route.next(fn, this.#tried);
		} catch {
			// What the first attempt met with says more.
			return undefined;
		}
	}

	/** @returns whether it was open until now */
	#finish(): boolean {
		if (this.#over) return false;
		this.#over = true;
		for (const letGo of this.#letGo.splice(0)) letGo();
		return true;
	}
}

/** The name is known to the domain: where the instance does not know it, nobody serves it there any more. */
function atInstance(error: BusError): BusError {
	if (error.code !== "not-found" || error.executed !== "no") return error;
	return new BusError("unavailable", error.message, { executed: "no", cause: error });
}

/** Another instance may be better off, and the handler cannot have run at this one, or may run twice. */
function isElsewhere({ code, executed }: BusError, kind: FunctionKind): boolean {
	if (executed !== "no" && kind === "set") return false;
	return code === "unavailable" || (executed === "no" && (code === "overloaded" || code === "not-found"));
}

/** Whether the instance itself has answered. What the caller broke off says nothing about it. */
function endingOf({ code }: BusError): Ending {
	if (code === "cancelled" || code === "link-lost") return "broken-off";
	return code === "unavailable" || code === "overloaded" || code === "not-found" || code === "deadline-exceeded"
		? "silent"
		: "answered";
}

/** Of two errors the one that leaves more open: a call that may have run is not one that has not. */
function worse(one: BusError | undefined, other: BusError): BusError {
	return one === undefined || one.executed === "no" ? other : one;
}
