/** Answers to one account in one period. Eight accounts that ask for more take half of what a slow server (10 KiB/s) takes. */
const ANSWERS = 4;
const PERIOD_MS = 1_000;
/** Accounts that are told apart in one period. Further ones get nothing. */
const MAX_ACCOUNTS = 1_024;

/**
 * Shares out among accounts (bare JIDs) the answers that cost their askers little, while there is not room for all: four a
 * second for each. An account that floods a node loses its own answers, and an honest one has its few.
 */
export class FairShare {
	readonly #given = new Map<string, number>();
	#endsMs = Number.NEGATIVE_INFINITY;

	/** May this account have one more? */
	take(account: string, nowMs: number): boolean {
		if (nowMs >= this.#endsMs) {
			this.#given.clear();
			this.#endsMs = nowMs + PERIOD_MS;
		}
		const given = this.#given.get(account) ?? 0;
		if (given >= ANSWERS || (given === 0 && this.#given.size >= MAX_ACCOUNTS)) return false;
		this.#given.set(account, given + 1);
		return true;
	}
}
