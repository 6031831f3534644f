import { BusError, isServiceName, Jid } from "@antiphon/protocol";

/** What is stored of names. */
export interface KnownNames {
	/** Bare JIDs by service. */
	readonly owners: Readonly<Record<string, string>>;
	/** The day (UTC, `2026-11-21`) on which something of the service ran last. */
	readonly lastUsed?: Readonly<Record<string, string>>;
}

export interface Name {
	/** A bare JID. */
	readonly owner: string;
	/** When something of it ran last, in milliseconds since 1970. */
	readonly usedMs: number;
	/** Whether the configuration says whose it is. */
	readonly isFixed: boolean;
}

/**
 * Names of services and their owners, the least recently used first: all of them, those of an account, and those of all
 * accounts of a domain. Those that are fixed count for none of these.
 */
export class Names {
	readonly #names = new Map<string, Name>();
	/** By account, by domain, and all of them under `undefined`. */
	readonly #groups = new Map<string | undefined, Set<string>>();
	/** Accounts that the configuration gives a name. */
	readonly #fixedOwners: ReadonlySet<string>;
	/** Whether there were names of which it was not known when they were last used; they count as used now. */
	readonly hasUndated: boolean;

	constructor({ owners, lastUsed = {} }: KnownNames, fixed: Readonly<Record<string, string>>, nowMs: number) {
		let hasUndated = false;
		const usedMs = (service: string) => {
			const dayMs = Object.hasOwn(lastUsed, service) ? Date.parse(lastUsed[service] as string) : Number.NaN;
			if (Number.isNaN(dayMs)) {
				hasUndated = true;
				return nowMs;
			}
			// The clock may have been wrong.
			return Math.min(dayMs, nowMs);
		};
		Object.entries(owners)
			.filter(([service]) => !Object.hasOwn(fixed, service))
			.map(([service, owner]) => ({ service, owner, usedMs: usedMs(service) }))
			.sort((a, b) => a.usedMs - b.usedMs)
			.forEach(({ service, ...name }) => void this.set(service, { ...name, isFixed: false }));
		for (const [service, owner] of Object.entries(fixed)) this.set(service, { owner, usedMs: nowMs, isFixed: true });
		this.#fixedOwners = new Set(Object.values(fixed));
		this.hasUndated = hasUndated;
	}

	get(service: string): Name | undefined {
		return this.#names.get(service);
	}

	/** Puts it behind all others. */
	set(service: string, name: Name): void {
		this.delete(service);
		this.#names.set(service, name);
		if (name.isFixed) return;
		for (const key of groupsOf(name.owner)) {
			const group = this.#groups.get(key) ?? new Set();
			this.#groups.set(key, group.add(service));
		}
	}

	delete(service: string): void {
		const name = this.#names.get(service);
		if (name === undefined) return;
		this.#names.delete(service);
		for (const key of groupsOf(name.owner)) {
			const group = this.#groups.get(key);
			group?.delete(service);
			if (group?.size === 0) this.#groups.delete(key);
		}
	}

	/** Whether one of them is this account's, fixed or not. */
	isOwner(who: Jid): boolean {
		return this.#fixedOwners.has(who.bare().toString()) || this.of(accountsOf(who).account).size > 0;
	}

	/** The names. */
	services(): string[] {
		return [...this.#names.keys()];
	}

	/** Those that policy does not let their owners use. */
	disowned(mayRegister: (who: Jid, service: string) => boolean): Set<string> {
		const disowned = [...this.#names].filter(([service, { owner }]) => {
			const who = Jid.tryParse(owner);
			return who === undefined || !mayRegister(who, service);
		});
		return new Set(disowned.map(([service]) => service));
	}

	/** Those of an account, of the accounts of a domain, or all. */
	of(key: string | undefined): ReadonlySet<string> {
		return this.#groups.get(key) ?? new Set();
	}

	/** What to store. Names that the configuration fixes are among it: taken out there, they are kept as others are. */
	all(): KnownNames {
		const names = [...this.#names];
		return {
			owners: Object.fromEntries(names.map(([service, { owner }]) => [service, owner])),
			lastUsed: Object.fromEntries(names.map(([service, { usedMs }]) => [service, dayOf(usedMs)])),
		};
	}
}

/** What a name of this owner counts for, apart from all names. No account is spelled as a domain is here. */
export function accountsOf(who: Jid): { readonly account: string; readonly domain: string } {
	return { account: who.bare().toString(), domain: `@${who.domain}` };
}

function groupsOf(owner: string): (string | undefined)[] {
	const who = Jid.tryParse(owner);
	if (who === undefined) return [undefined];
	const { account, domain } = accountsOf(who);
	return [undefined, account, domain];
}

const dayOf = (ms: number) => new Date(ms).toISOString().slice(0, "2026-11-21".length);

/** Owners as a person writes them, in the spelling of names and JIDs. @throws BusError `invalid-argument` */
export function checkedOwners(owners: Readonly<Record<string, string>>): Record<string, string> {
	return Object.fromEntries(
		Object.entries(owners).map(([service, owner]) => {
			const who = typeof owner === "string" ? Jid.tryParse(owner) : undefined;
			if (!isServiceName(service)) {
				throw new BusError("invalid-argument", `owners: ${JSON.stringify(service)} is no name: use dictionary`);
			}
			if (who === undefined || who.resource !== undefined || owner.includes("*")) {
				const message = `owners.${service}: ${JSON.stringify(owner)} is no account: use alice@example.org`;
				throw new BusError("invalid-argument", message);
			}
			return [service, who.toString()];
		}),
	);
}
