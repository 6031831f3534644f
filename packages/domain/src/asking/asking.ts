import { BusError } from "@antiphon/protocol";

/** The share of all questions that one account may keep open. */
const SHARE = 1 / 4;

/**
 * Questions under way, each asked once however many want to know. Bounded, also for one account, so that nobody keeps
 * the others from asking by not answering. Above that `overloaded`.
 */
export class Asking {
	readonly #max: number;
	readonly #maxPerAccount: number;
	readonly #open = new Map<string, Promise<unknown>>();
	readonly #perAccount = new Map<string, number>();

	constructor(max: number) {
		this.#max = max;
		this.#maxPerAccount = Math.ceil(max * SHARE);
	}

	/**
	 * The answer to the question `key`.
	 * @param account who has to answer, where that is one account
	 * @throws BusError, and what `ask` throws
	 */
	async once<T>(key: string, ask: () => Promise<T>, account?: string): Promise<T> {
		const open = this.#open.get(key) as Promise<T> | undefined;
		if (open !== undefined) return open;
		if (this.#open.size >= this.#max) throw overloaded(`${this.#max} questions`);
		if (account !== undefined) this.#enter(account);
		const asked = ask().finally(() => {
			this.#open.delete(key);
			if (account !== undefined) this.#leave(account);
		});
		this.#open.set(key, asked);
		return asked;
	}

	#enter(account: string): void {
		const own = this.#perAccount.get(account) ?? 0;
		if (own >= this.#maxPerAccount) throw overloaded(`${own} questions of ${account}`);
		this.#perAccount.set(account, own + 1);
	}

	#leave(account: string): void {
		const own = (this.#perAccount.get(account) ?? 1) - 1;
		if (own === 0) this.#perAccount.delete(account);
		else this.#perAccount.set(account, own);
	}
}

function overloaded(what: string): BusError {
	return new BusError("overloaded", `the domain is asking ${what} already`, { retryAfterMs: 500 });
}
