import { BusError, type Jid } from "@antiphon/protocol";
import type { Policy } from "./policy.js";

export interface OwnersParts {
	readonly policy: Policy;
	readonly maxNames: number;
	/** The same for one account. */
	readonly maxNamesPerAccount: number;
	/** Bare JIDs by service. */
	readonly known: Readonly<Record<string, string>>;
	/** Called when there is something new to store. */
	readonly changed: () => void;
	/** Says and counts what policy does not allow. @throws BusError `forbidden` */
	readonly deny: (message: string) => never;
}

/**
 * Who owns the name of a service: the first account to register it, also while nothing of it runs. Other accounts may
 * register instances of it only if policy names them for it; a pattern that happens to fit them is not enough.
 */
export class Owners {
	readonly #owners: Map<string, string>;
	readonly #policy: Policy;
	readonly #maxNames: number;
	readonly #maxNamesPerAccount: number;
	/** Names that an account owns. */
	readonly #perAccount = new Map<string, number>();
	readonly #changed: () => void;
	readonly #deny: (message: string) => never;

	constructor({ policy, maxNames, maxNamesPerAccount, known, changed, deny }: OwnersParts) {
		this.#policy = policy;
		this.#maxNames = maxNames;
		this.#maxNamesPerAccount = maxNamesPerAccount;
		this.#deny = deny;
		this.#owners = new Map(Object.entries(known));
		for (const account of this.#owners.values()) this.#count(account);
		this.#changed = changed;
	}

	has(service: string): boolean {
		return this.#owners.has(service);
	}

	/** May this account register instances of the service? @throws BusError `forbidden`, `overloaded` */
	require(who: Jid, service: string): void {
		const account = who.bare().toString();
		const owner = this.#owners.get(service);
		if (!this.#policy.mayRegister(who, service)) {
			this.#deny(`${account} may not register ${service} here: access.register does not allow it`);
		}
		if (owner === undefined) {
			this.#requireRoom(account);
			return;
		}
		if (owner === account || this.#policy.isNamedFor(who, service)) return;
		this.#deny(
			`${service} belongs to another account. An entry of access.register that names ${account} for ${service} would let it in`,
		);
	}

	/** The account has registered it: the first to do so owns it. To be called after {@link require}. */
	claim(who: Jid, service: string): void {
		if (this.#owners.has(service)) return;
		const account = who.bare().toString();
		this.#owners.set(service, account);
		this.#count(account);
		this.#changed();
	}

	/** A name is not given back, so an account that asks for ever new ones is stopped before the others are. */
	#requireRoom(account: string): void {
		const [max, maxOwn] = [this.#maxNames, this.#maxNamesPerAccount];
		if (this.#owners.size >= max) throw overloaded(`${max} names`);
		if ((this.#perAccount.get(account) ?? 0) >= maxOwn) throw overloaded(`${maxOwn} names of one account`);
	}

	#count(account: string): void {
		this.#perAccount.set(account, (this.#perAccount.get(account) ?? 0) + 1);
	}

	/** What to store. */
	all(): Record<string, string> {
		return Object.fromEntries(this.#owners);
	}
}

function overloaded(limit: string): BusError {
	return new BusError("overloaded", `the domain is at its limit of ${limit}`);
}
