import {
	type AccessRule,
	BusError,
	checkedJidPattern,
	isAllowed,
	isAnyAllowed,
	type Jid,
	MAX_ACCESS_RULES,
	rulesForService,
} from "@antiphon/protocol";

/** Rules as a person writes them: who may do what, in one line. */
export type AccessEntry =
	| { readonly allow: string | readonly string[]; readonly to?: string | readonly string[] }
	| { readonly deny: string | readonly string[]; readonly to?: string | readonly string[] };

/**
 * Who may do what in a domain. In each list the first entry that fits decides, and what none fits is refused.
 *
 * A pattern of JIDs is `*`, `alice@example.org`, `*@example.org`, `example.org` (everybody there, components too),
 * `*.example.org` (the same, below). `to` names services (`dictionary`, `lab-*`) or, for calls, functions too
 * (`dictionary.define`, `dictionary.*`); left out, it is everything.
 */
export interface AccessOptions {
	/** Who may register which services. Default: the accounts of the domain above this one. */
	readonly register?: readonly AccessEntry[];
	/** Who may find and call which services and functions. Default: the accounts of the domain above this one. */
	readonly call?: readonly AccessEntry[];
	/** Who may see nodes and statistics, and drain instances. Default: nobody. */
	readonly admin?: readonly AccessEntry[];
}

/** The policy of one domain. */
export class Policy {
	readonly #register: readonly AccessRule[];
	readonly #call: readonly AccessRule[];
	readonly #admin: readonly AccessRule[];

	/** @throws BusError `invalid-argument` that names the entry */
	constructor(domain: string, { register, call, admin = [] }: AccessOptions = {}) {
		const neighbours: readonly AccessEntry[] = [{ allow: `*@${domain.slice(domain.indexOf(".") + 1)}` }];
		this.#register = rulesOf("access.register", register ?? neighbours);
		this.#call = rulesOf("access.call", call ?? neighbours);
		this.#admin = rulesOf("access.admin", admin);
	}

	mayRegister(who: Jid, service: string): boolean {
		return isAllowed(this.#register, who, service);
	}

	/** Whether an entry names this account for this service, and not just a pattern that fits it. */
	isNamedFor(who: Jid, service: string): boolean {
		const bare = who.bare().toString();
		return this.#register.some((rule) => rule.who === bare && isAllowed([rule], who, service));
	}

	/** @param fn its own name, without the service's */
	mayCall(who: Jid, service: string, fn: string): boolean {
		return isAllowed(this.#call, who, `${service}.${fn}`);
	}

	/** Whether there may be a function of this service that `who` may call. */
	maySee(who: Jid, service: string): boolean {
		return isAnyAllowed(this.#call, who, service);
	}

	isAdmin(who: Jid): boolean {
		return isAllowed(this.#admin, who, "*");
	}

	/** The rules that can matter for calls of one service, for its providers. */
	callRules(service: string): AccessRule[] {
		return rulesForService(this.#call, service);
	}
}

function rulesOf(list: string, entries: readonly AccessEntry[]): AccessRule[] {
	const rules = entries.flatMap((entry, i) => rulesOfEntry(`${list}[${i}]`, entry));
	if (rules.length <= MAX_ACCESS_RULES) return rules;
	throw new BusError("invalid-argument", `${list} makes more than ${MAX_ACCESS_RULES} rules: use patterns`);
}

function rulesOfEntry(where: string, entry: AccessEntry): AccessRule[] {
	const effect = "allow" in entry ? "allow" : "deny";
	const who = "allow" in entry ? entry.allow : entry.deny;
	const rules: AccessRule[] = [];
	for (const pattern of listOf(who)) {
		for (const name of listOf(entry.to ?? "*")) {
			for (const what of namesOf(where, name)) rules.push({ effect, who: checked(where, pattern), what });
		}
	}
	return rules;
}

const NAME = /^(?:[a-z0-9][a-z0-9-]*(?:\.[a-z0-9_-]+)?)?\*?$/i;

/** A service without function stands for itself and for all of its functions. */
function namesOf(where: string, name: string): string[] {
	if (name === "" || !NAME.test(name.replace(/\.\*$/, "*"))) {
		throw new BusError(
			"invalid-argument",
			`${where}: ${JSON.stringify(name)} is no name: use dictionary, dictionary.define, dictionary.*, dict* or *`,
		);
	}
	return name.includes(".") || name.endsWith("*") ? [name] : [name, `${name}.*`];
}

function checked(where: string, pattern: string): string {
	try {
		return checkedJidPattern(pattern);
	} catch (cause) {
		throw new BusError("invalid-argument", `${where}: ${BusError.from(cause).message}`, { cause });
	}
}

const listOf = (value: string | readonly string[]): readonly string[] => (typeof value === "string" ? [value] : value);
