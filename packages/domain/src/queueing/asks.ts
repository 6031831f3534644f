import type { QueueEvent, QueueResult, Refusal } from "@antiphon/delivery";
import { type BusError, Tally } from "@antiphon/protocol";

/** What callers ask that is not answered yet: in all, and of one account. The rest of what the engine gathers is for providers. */
const MAX_OF_CALLERS = 3_072;
const MAX_OF_ACCOUNT = 1_024;
/** The account that all those have together who may do nothing here. */
export const STRANGERS = "";
const RETRY_AFTER_MS = 500;
const FULL_RETRY_AFTER_MS = 5_000;

type Asking = Extract<QueueEvent, { readonly ask: number }>;

/** Questions to the queue, each until it is answered or refused. Above a bound, the answer is `overloaded`. */
export class Asks {
	readonly #take: (event: QueueEvent) => boolean;
	readonly #open = new Map<number, { readonly resolve: (result: QueueResult) => void; readonly account?: string }>();
	readonly #perAccount = new Tally();
	#ofCallers = 0;
	#last = 0;

	/** @param take as that of the engine */
	constructor(take: (event: QueueEvent) => boolean) {
		this.#take = take;
	}

	/**
	 * Never rejects.
	 * @param account the bare JID of a caller, {@link STRANGERS}; `undefined`: it is a provider that asks
	 */
	ask(make: (ask: number) => Asking, account?: string): Promise<QueueResult> {
		return new Promise((resolve) => {
			const ask = ++this.#last;
			if (this.#isFull(account) || !this.#take(make(ask))) {
				resolve(refused("overloaded", "too much is being asked of the queue", RETRY_AFTER_MS));
				return;
			}
			this.#open.set(ask, { resolve, ...(account !== undefined && { account }) });
			this.#count(account, 1);
		});
	}

	answer(ask: number, result: QueueResult): void {
		const open = this.#open.get(ask);
		if (open === undefined) return;
		this.#open.delete(ask);
		this.#count(open.account, -1);
		open.resolve(result);
	}

	/** Their batch was not stored: for certain when there was no room (`overloaded`); else nobody knows. */
	refuse(events: readonly QueueEvent[], { code }: BusError): void {
		const result =
			code === "overloaded"
				? refused("overloaded", "the disk of the queue is full", FULL_RETRY_AFTER_MS)
				: refused("unavailable", "the queue could not store it: ask again, with the same id", undefined, "unknown");
		for (const event of events) if ("ask" in event) this.answer(event.ask, result);
	}

	#isFull(account: string | undefined): boolean {
		if (account === undefined) return false;
		return this.#ofCallers >= MAX_OF_CALLERS || this.#perAccount.of(account) >= MAX_OF_ACCOUNT;
	}

	#count(account: string | undefined, by: 1 | -1): void {
		if (account === undefined) return;
		this.#ofCallers += by;
		this.#perAccount.add(account, by);
	}
}

export function refused(
	code: Refusal["code"],
	message: string,
	retryAfterMs?: number,
	executed: Refusal["executed"] = "no",
): QueueResult {
	return { is: "refused", refusal: { code, message, executed, retryAfterMs } };
}
