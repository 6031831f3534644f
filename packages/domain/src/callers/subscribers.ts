import { Jid, Tally } from "@antiphon/protocol";

/** Addresses that one account may subscribe to. */
const MAX_PER_ACCOUNT = 1024;

/** Who sees whose presence: bare JIDs by the local part of the address in the domain. Bounded. */
export class Subscribers {
	readonly #max: number;
	readonly #changed: () => void;
	readonly #byLocal = new Map<string, Set<string>>();
	readonly #perAccount = new Tally();
	#size = 0;

	/** @param changed called when there is something new to store */
	constructor(max: number, known: Readonly<Record<string, readonly string[]>>, changed: () => void) {
		this.#max = max;
		this.#changed = () => {};
		for (const [local, accounts] of Object.entries(known)) {
			for (const account of accounts) {
				const who = Jid.tryParse(account);
				if (who !== undefined) this.add(local, who);
			}
		}
		this.#changed = changed;
	}

	/** @returns false, and changes nothing, when there is no place */
	add(local: string, who: Jid): boolean {
		return this.#add(local, who.bare().toString());
	}

	remove(local: string, who: Jid): void {
		const account = who.bare().toString();
		const accounts = this.#byLocal.get(local);
		if (!accounts?.delete(account)) return;
		if (accounts.size === 0) this.#byLocal.delete(local);
		this.#perAccount.add(account, -1);
		this.#size--;
		this.#changed();
	}

	has(local: string, who: Jid): boolean {
		return this.#byLocal.get(local)?.has(who.bare().toString()) === true;
	}

	/** Bare JIDs. */
	of(local: string): Iterable<string> {
		return this.#byLocal.get(local) ?? [];
	}

	/** The local parts that somebody has subscribed to. */
	watched(): string[] {
		return [...this.#byLocal.keys()];
	}

	/** What to store. */
	all(): Record<string, string[]> {
		return Object.fromEntries([...this.#byLocal].map(([local, accounts]) => [local, [...accounts]]));
	}

	#add(local: string, account: string): boolean {
		const accounts = this.#byLocal.get(local) ?? new Set();
		if (accounts.has(account)) return true;
		if (this.#size >= this.#max || this.#perAccount.of(account) >= MAX_PER_ACCOUNT) return false;
		this.#byLocal.set(local, accounts.add(account));
		this.#perAccount.add(account, 1);
		this.#size++;
		this.#changed();
		return true;
	}
}
