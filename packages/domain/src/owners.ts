import { BusError, type Jid } from "@antiphon/protocol";
import type { Policy } from "./policy.js";

export interface OwnersParts {
	readonly policy: Policy;
	readonly maxNames: number;
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
	readonly #changed: () => void;
	readonly #deny: (message: string) => never;

	constructor({ policy, maxNames, known, changed, deny }: OwnersParts) {
		this.#policy = policy;
		this.#maxNames = maxNames;
		this.#deny = deny;
		this.#owners = new Map(Object.entries(known));
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
			if (this.#owners.size < this.#maxNames) return;
			throw new BusError("overloaded", `the domain is at its limit of ${this.#maxNames} names`);
		}
		if (owner === account || this.#policy.isNamedFor(who, service)) return;
		this.#deny(
			`${service} belongs to another account. An entry of access.register that names ${account} for ${service} would let it in`,
		);
	}

	/** The account has registered it: the first to do so owns it. To be called after {@link require}. */
	claim(who: Jid, service: string): void {
		if (this.#owners.has(service)) return;
		this.#owners.set(service, who.bare().toString());
		this.#changed();
	}

	/** What to store. */
	all(): Record<string, string> {
		return Object.fromEntries(this.#owners);
	}
}
