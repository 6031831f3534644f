import type { QueueEvent, QueueResult, Refusal } from "@antiphon/delivery";
import { type BusError, shareGroup, Tally } from "@antiphon/protocol";

/** What callers ask that is not answered yet: in all, and of one account. The rest of what the engine gathers is for providers. */
const MAX_OF_CALLERS = 3_072;
const MAX_OF_ACCOUNT = 1_024;
/** The account that all those have together who say something of leases and have nothing to do with providing. */
export const STRANGERS = "";
const RETRY_AFTER_MS = 500;
const FULL_RETRY_AFTER_MS = 5_000;

type Asking = Extract<QueueEvent, { readonly ask: number }>;

/**
 * Questions to the queue, each until it is answered or refused. Above a bound, the answer is `overloaded`.
 *
 * Callers share their places: an account at home, and those of a foreign domain together, get no more when they have as many as
 * are free, and one of several accounts no more than are left of that. So whoever asks for all of them leaves some for the next.
 */
export class Asks {
	readonly #take: (event: QueueEvent) => boolean;
	readonly #open = new Map<number, { readonly resolve: (result: QueueResult) => void; readonly account?: string }>();
	readonly #home: string | undefined;
	readonly #perAccount = new Tally();
	readonly #perGroup = new Tally();
	#ofCallers = 0;
	#last = 0;

	/** @param take as that of the engine @param home the domain whose accounts are at home; `undefined`: everybody is */
	constructor(take: (event: QueueEvent) => boolean, home?: string) {
		this.#take = take;
		this.#home = home;
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
		const group = shareGroup(account, this.#home);
		const [own, ofGroup] = [this.#perAccount.of(account), this.#perGroup.of(group)];
		const left = MAX_OF_CALLERS - this.#ofCallers - ofGroup;
		return left <= 0 || own >= MAX_OF_ACCOUNT || (group !== account && own >= left);
	}

	#count(account: string | undefined, by: 1 | -1): void {
		if (account === undefined) return;
		this.#ofCallers += by;
		this.#perAccount.add(account, by);
		this.#perGroup.add(shareGroup(account, this.#home), by);
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
