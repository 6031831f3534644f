import { Ranking, shareGroup } from "@antiphon/protocol";
import { Ring } from "../engine/ring.js";

/**
 * Who wants to be told of which outcome: full JIDs by call, at most so many. Above, one call is forgotten of whoever has most, the
 * oldest: of an account at home, or of those of a foreign domain together, and there of the account with most. So who asks for
 * more and more forgets what is its own.
 *
 * A call is its sender and its id, with a line break between them, and who waits for it is of that account.
 */
export class Waiters {
	readonly #most: number;
	readonly #home: string | undefined;
	/** Call, and address. */
	readonly #calls = new Map<string, Set<string>>();
	readonly #addresses = new Map<string, Set<string>>();
	/** The calls of each account, the oldest first. */
	readonly #accounts = new Map<string, Ring<string>>();
	/** How many wait of each account at home, and of each foreign domain. */
	#groups = new Ranking();
	/** The same of the accounts of each of these. */
	readonly #foreigners = new Map<string, Ranking>();
	#size = 0;

	/** @param home the domain whose accounts share with nobody; `undefined`: all accounts */
	constructor(most: number, home?: string) {
		this.#most = most;
		this.#home = home;
	}

	add(call: string, address: string): void {
		const addresses = this.#calls.get(call) ?? new Set();
		if (addresses.has(address)) return;
		this.#calls.set(call, addresses.add(address));
		const calls = this.#addresses.get(address) ?? new Set();
		this.#addresses.set(address, calls.add(call));
		const account = accountOf(call);
		const inOrder = this.#accounts.get(account) ?? new Ring<string>();
		inOrder.add(call);
		this.#accounts.set(account, inOrder);
		this.#count(account, "add");
		if (++this.#size > this.#most) this.#forgetOldest();
	}

	/** Everybody who waits for a call; nobody does any more. */
	take(call: string): string[] {
		const addresses = [...(this.#calls.get(call) ?? [])];
		for (const address of addresses) this.#forget(call, address);
		return addresses;
	}

	/** Nobody is there any more. */
	gone(address: string): void {
		for (const call of [...(this.#addresses.get(address) ?? [])]) this.#forget(call, address);
	}

	clear(): void {
		this.#calls.clear();
		this.#addresses.clear();
		this.#accounts.clear();
		this.#groups = new Ranking();
		this.#foreigners.clear();
		this.#size = 0;
	}

	#forgetOldest(): void {
		const group = this.#groups.most ?? "";
		const account = this.#foreigners.get(group)?.most ?? group;
		const oldest = this.#accounts.get(account)?.first;
		if (oldest !== undefined) this.take(oldest);
	}

	#forget(call: string, address: string): void {
		const addresses = this.#calls.get(call);
		if (addresses?.delete(address) !== true) return;
		const account = accountOf(call);
		this.#size--;
		this.#count(account, "remove");
		if (addresses.size === 0) {
			this.#calls.delete(call);
			const inOrder = this.#accounts.get(account);
			inOrder?.delete(call);
			if (inOrder?.size === 0) this.#accounts.delete(account);
		}
		const calls = this.#addresses.get(address);
		calls?.delete(call);
		if (calls?.size === 0) this.#addresses.delete(address);
	}

	#count(account: string, how: "add" | "remove"): void {
		const group = shareGroup(account, this.#home);
		this.#groups[how](group);
		if (group === account) return;
		const accounts = this.#foreigners.get(group) ?? new Ranking();
		accounts[how](account);
		if (accounts.most === undefined) this.#foreigners.delete(group);
		else this.#foreigners.set(group, accounts);
	}
}

function accountOf(call: string): string {
	return call.slice(0, call.indexOf("\n"));
}
