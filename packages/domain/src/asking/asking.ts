import { BusError, type Jid } from "@antiphon/protocol";
import { Places } from "antiphon/modules";

/** The share of all questions that one account may keep open. */
const SHARE = 1 / 4;

interface Question {
	readonly answer: Promise<unknown>;
	giveUp(): void;
}

/**
 * Questions under way, each asked once however many want to know. Bounded, also for one account, so that nobody keeps
 * the others from asking by not answering. Above that `overloaded`; but first, whoever has fewer open than others takes
 * the place of one of theirs ({@link Places}). What was asked there fails with `overloaded`.
 */
export class Asking {
	readonly #max: number;
	/** By what is asked. */
	readonly #open = new Map<string, Question>();
	readonly #places: Places<string>;

	constructor(max: number) {
		this.#max = max;
		const onLost = (key: string) => this.#open.get(key)?.giveUp();
		this.#places = new Places({ max, maxPerAccount: Math.ceil(max * SHARE), onLost });
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
		const full = this.#places.take(key, who);
		if (full !== undefined) throw overloaded(this.#limitOf(full, who));
		const lost = new AbortController();
		const leave = () => {
			if (this.#open.get(key) !== question) return;
			this.#open.delete(key);
			this.#places.leave(key);
		};
		const asked = async () => ask(lost.signal);
		const answer = asked()
			.catch((error: unknown) => {
				throw lost.signal.aborted ? givenUp(who) : error;
			})
			.finally(leave);
		const giveUp = () => {
			leave();
			lost.abort();
		};
		const question: Question = { answer, giveUp };
		this.#open.set(key, question);
		return answer;
	}

	#limitOf(full: "account" | "all", who: Jid | undefined): string {
		if (who === undefined || full === "all") return `${this.#max} questions`;
		return `${this.#places.of(who)} questions of ${who.bare()}`;
	}
}

function givenUp(who: Jid | undefined): BusError {
	const message = `the domain asks others first: ${who?.bare()} has more questions open than they`;
	return new BusError("overloaded", message, { retryAfterMs: 500 });
}

function overloaded(what: string): BusError {
	return new BusError("overloaded", `the domain is asking ${what} already`, { retryAfterMs: 500 });
}
