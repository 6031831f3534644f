import { BusError, type Jid } from "@antiphon/protocol";

/** The share of all questions that one account may keep open. */
const SHARE = 1 / 4;

interface Question {
	/** Who has to answer, where that is one account. */
	readonly account: string | undefined;
	readonly domain: string | undefined;
	readonly answer: Promise<unknown>;
	giveUp(): void;
}

/**
 * Questions under way, each asked once however many want to know. Bounded, also for one account, so that nobody keeps
 * the others from asking by not answering. Above that `overloaded`; but first, whoever has fewer open than others takes
 * the place of one of theirs: of the domain with most, and in it of the account with most. What was asked there fails with
 * `overloaded`. So it takes as many accounts as there are places to keep one more account from having one.
 */
export class Asking {
	readonly #max: number;
	readonly #maxPerAccount: number;
	/** By what is asked; the oldest comes first. */
	readonly #open = new Map<string, Question>();

	constructor(max: number) {
		this.#max = max;
		this.#maxPerAccount = Math.ceil(max * SHARE);
	}

	/**
	 * The answer to the question `key`.
	 * @param ask gets a signal that says that it has lost its place
	 * @param who has to answer, where that is one account
	 * @throws BusError, and what `ask` throws
	 */
	async once<T>(key: string, ask: (signal: AbortSignal) => Promise<T>, who?: Jid): Promise<T> {
		const open = this.#open.get(key);
		if (open !== undefined) return open.answer as Promise<T>;
		const account = who?.bare().toString();
		const domain = who?.domain;
		const own = account === undefined ? 0 : this.#countOf("account").get(account);
		if (account !== undefined && (own ?? 0) >= this.#maxPerAccount) throw overloaded(`${own} questions of ${account}`);
		if (this.#open.size >= this.#max) this.#makeRoom(account, domain);
		const lost = new AbortController();
		const leave = () => {
			if (this.#open.get(key) === question) this.#open.delete(key);
		};
		const answer = ask(lost.signal)
			.catch((error: unknown) => {
				throw lost.signal.aborted ? givenUp(account) : error;
			})
			.finally(leave);
		const giveUp = () => {
			leave();
			lost.abort();
		};
		const question: Question = { account, domain, answer, giveUp };
		this.#open.set(key, question);
		return answer;
	}

	/** @throws BusError `overloaded` where nobody has more than a fair share */
	#makeRoom(account: string | undefined, domain: string | undefined): void {
		const victim = account === undefined ? undefined : this.#victim(account, domain);
		if (victim === undefined) throw overloaded(`${this.#max} questions`);
		victim.giveUp();
	}

	#victim(account: string, domain: string | undefined): Question | undefined {
		const domains = this.#countOf("domain");
		const crowded = mostOf(domains);
		const isOthers = crowded !== undefined && (domains.get(crowded) ?? 0) > (domains.get(domain) ?? 0) + 1;
		const from = isOthers ? crowded : domain;
		const accounts = this.#countOf("account", (each) => each.domain === from);
		const greedy = mostOf(accounts);
		if (greedy === undefined) return undefined;
		if (from === domain && (accounts.get(greedy) ?? 0) <= (accounts.get(account) ?? 0) + 1) return undefined;
		return [...this.#open.values()].findLast((each) => each.account === greedy);
	}

	#countOf(what: "account" | "domain", counts = (_: Question) => true): Map<string | undefined, number> {
		const counted = new Map<string | undefined, number>();
		for (const question of this.#open.values()) {
			const key = question[what];
			if (key !== undefined && counts(question)) counted.set(key, (counted.get(key) ?? 0) + 1);
		}
		return counted;
	}
}

function mostOf(counted: ReadonlyMap<string | undefined, number>): string | undefined {
	let most: string | undefined;
	for (const [key, count] of counted) if (count > (counted.get(most) ?? 0)) most = key;
	return most;
}

function givenUp(account: string | undefined): BusError {
	const message = `the domain asks others first: ${account} has more questions open than they`;
	return new BusError("overloaded", message, { retryAfterMs: 500 });
}

function overloaded(what: string): BusError {
	return new BusError("overloaded", `the domain is asking ${what} already`, { retryAfterMs: 500 });
}
