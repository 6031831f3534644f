import { BusError, type Jid, type KeptName } from "@antiphon/protocol";
import { accountsOf, type KnownNames, type Name, Names } from "./names.js";
import type { Policy } from "./policy.js";

export interface OwnersParts {
	readonly policy: Policy;
	/** Accounts of this domain have no share as a domain: it is whose bus this is. */
	readonly home: string;
	readonly limits: NameLimits;
	readonly known: KnownNames;
	/** Owners by service that the configuration fixes. */
	readonly fixed: Readonly<Record<string, string>>;
	/** Whether the service has instances now, as far as is known. */
	readonly isServed: (service: string) => boolean;
	/** Whether instances may be there that are not known yet: then no name is given up. */
	readonly isSettling: () => boolean;
	/** Milliseconds since 1970: what is stored outlasts this process and its clock. */
	readonly now: () => number;
	/** Called when there is something new to store. */
	readonly changed: () => void;
	/** Says that a name was given up. */
	readonly say: (message: string) => void;
	/** Says and counts what policy does not allow. @throws BusError `forbidden` */
	readonly deny: (message: string) => never;
}

export interface NameLimits {
	readonly maxNames: number;
	/** The same for one account. */
	readonly maxNamesPerAccount: number;
	/** The same for all accounts of one domain that is not the bus's own. */
	readonly maxNamesPerDomain: number;
	/** For how long a name of which nothing runs is kept in any case. */
	readonly keepNamesDays: number;
}

const DAY_MS = 86_400_000;

/**
 * Who owns the name of a service: the first account to register it, also while nothing of it runs. Others may register
 * instances of it only if policy names both them and it, and then share it as if they were one; a pattern that happens to
 * fit them is not enough.
 *
 * Names are bounded: in all, for one account, and for one foreign domain. Where there is no room for another, the one that
 * was not used for longest is given up, if that is longer than it is kept in any case. Names whose owner policy no longer
 * lets register go first, and at once. One that has instances stays, and so does one that the configuration fixes. And none
 * goes while the host does not know yet what has instances.
 */
export class Owners {
	readonly #parts: OwnersParts;
	readonly #names: Names;
	/** When it began to know. */
	readonly #sinceMs: number;
	/** Names that their owners may not register, and how often the rules had been replaced when that was found. */
	#disowned: { readonly names: Set<string>; readonly replaced: number } | undefined;

	constructor(parts: OwnersParts) {
		this.#parts = parts;
		this.#sinceMs = parts.now();
		this.#names = new Names(parts.known, parts.fixed, this.#sinceMs);
		if (this.#names.hasUndated) parts.changed();
	}

	has(service: string): boolean {
		return this.#names.get(service) !== undefined;
	}

	/** Whether a name is this account's. */
	isOwner(who: Jid): boolean {
		return this.#names.isOwner(who);
	}

	/** May this account register instances of the service? @throws BusError `forbidden`, `overloaded` */
	require(who: Jid, service: string): void {
		const { policy, deny } = this.#parts;
		const account = who.bare().toString();
		const owner = this.#names.get(service)?.owner;
		if (!policy.mayRegister(who, service)) {
			deny(`${account} may not register ${service} here: access.register does not allow it`);
		}
		if (owner === undefined) {
			for (const { max, names, what } of this.#bounds(who)) {
				if (names.size >= max && this.#victim(names) === undefined) throw overloaded(`${max} ${what}`);
			}
			return;
		}
		if (this.lets(who, service)) return;
		deny(
			`${service} belongs to another account. An entry of access.register that names ${account} for ${service} would let it in`,
		);
	}

	/** Whether policy lets this account register instances of a service, and its name is nobody else's. */
	lets(who: Jid, service: string): boolean {
		const { policy } = this.#parts;
		const owner = this.#names.get(service)?.owner;
		if (!policy.mayRegister(who, service)) return false;
		return owner === undefined || owner === who.bare().toString() || policy.isNamedFor(who, service);
	}

	/** The account has registered it: the first to do so owns it. To be called after {@link require}. */
	claim(who: Jid, service: string): void {
		if (this.has(service)) return;
		for (const { max, names } of this.#bounds(who)) {
			const victim = names.size >= max ? this.#victim(names) : undefined;
			if (victim !== undefined) this.#giveUp(victim);
		}
		this.#names.set(service, { owner: who.bare().toString(), usedMs: this.#parts.now(), isFixed: false });
		this.#parts.changed();
	}

	/** Instances of it have come or gone, or are still there. */
	use(service: string): void {
		const name = this.#names.get(service);
		if (name === undefined) return;
		const nowMs = this.#parts.now();
		this.#names.set(service, { ...name, usedMs: nowMs });
		// Days are what is stored.
		if (Math.floor(nowMs / DAY_MS) !== Math.floor(name.usedMs / DAY_MS)) this.#parts.changed();
	}

	/** All names that are kept. */
	services(): string[] {
		return this.#names.services();
	}

	/** How a name is kept; `undefined` for one that is not. */
	kept(service: string): KeptName | undefined {
		const name = this.#names.get(service);
		if (name === undefined) return undefined;
		const { owner, usedMs, isFixed } = name;
		const isServed = this.#parts.isServed(service);
		// Nobody may ever have used one that the configuration fixes.
		const isUsed = !isFixed || usedMs !== this.#sinceMs;
		const unusedMs = isUsed ? Math.max(0, this.#parts.now() - usedMs) : undefined;
		return { service, owner, unusedMs: isServed ? 0 : unusedMs, isFixed, isServed };
	}

	/** It is nobody's any more. */
	free(service: string): void {
		this.#names.delete(service);
		this.#disownedNow().delete(service);
		this.#parts.changed();
	}

	/** What to store. */
	all(): KnownNames {
		return this.#names.all();
	}

	#bounds(who: Jid) {
		const { limits, home } = this.#parts;
		const { maxNames, maxNamesPerAccount, maxNamesPerDomain } = limits;
		const { account, domain } = accountsOf(who);
		const isHome = who.domain === home;
		return [
			{ max: maxNamesPerAccount, names: this.#names.of(account), what: "names of one account" },
			...(isHome ? [] : [{ max: maxNamesPerDomain, names: this.#names.of(domain), what: "names of one domain" }]),
			{ max: maxNames, names: this.#names.of(undefined), what: "names" },
		];
	}

	/** Which of these names, the least recently used first, can be given up. */
	#victim(names: ReadonlySet<string>): string | undefined {
		const { limits, isServed, isSettling, now } = this.#parts;
		if (isSettling()) return undefined;
		for (const service of this.#disownedNow()) if (names.has(service) && !isServed(service)) return service;
		const oldMs = now() - limits.keepNamesDays * DAY_MS;
		for (const service of names) {
			if ((this.#names.get(service) as Name).usedMs > oldMs) return undefined;
			if (!isServed(service)) return service;
		}
		return undefined;
	}

	#disownedNow(): Set<string> {
		const { policy } = this.#parts;
		const { replaced } = policy;
		if (this.#disowned?.replaced !== replaced) {
			this.#disowned = { names: this.#names.disowned((who, service) => policy.mayRegister(who, service)), replaced };
		}
		return this.#disowned.names;
	}

	#giveUp(service: string): void {
		const { owner } = this.#names.get(service) as Name;
		this.#names.delete(service);
		const why = this.#disownedNow().delete(service) ? "may not register it" : "has not served it for long";
		this.#parts.say(`${owner} no longer owns ${service}: it ${why}, and there was no room for another name`);
	}
}

function overloaded(limit: string): BusError {
	return new BusError(
		"overloaded",
		`the domain is at its limit of ${limit}: they are kept for their owners also while nothing of them runs`,
	);
}
