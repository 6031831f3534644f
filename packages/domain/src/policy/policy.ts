import {
	type AccessRule,
	BusError,
	checkedJidPattern,
	isAllowed,
	isAnyAllowed,
	isQualifiedName,
	isServiceName,
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
 * (`dictionary.define`, `dictionary.*`); left out, it is everything. An entry that could fit nobody or nothing is refused.
 */
export interface AccessOptions {
	/** Who may register which services. Default: the accounts of the domain above this one. */
	readonly register?: readonly AccessEntry[];
	/** Who may find and call which services and functions. Default: the accounts of the domain above this one. */
	readonly call?: readonly AccessEntry[];
	/** Who may see nodes, names and statistics, drain instances and give names up. Default: nobody. */
	readonly admin?: readonly AccessEntry[];
}

interface Rules {
	readonly register: readonly AccessRule[];
	readonly call: readonly AccessRule[];
	readonly admin: readonly AccessRule[];
}

/** The policy of one domain. */
export class Policy {
	readonly #domain: string;
	#rules: Rules;
	#replaced = 0;

	/** @throws BusError `invalid-argument` that names the entry */
	constructor(domain: string, access?: AccessOptions) {
		this.#domain = domain;
		this.#rules = rulesIn(domain, access);
	}

	/** From now on other rules hold. @throws BusError `invalid-argument` that names the entry; the rules are then as they were */
	replace(access: AccessOptions | undefined): void {
		this.#rules = rulesIn(this.#domain, access);
		this.#replaced++;
	}

	/** How often the rules were replaced. */
	get replaced(): number {
		return this.#replaced;
	}

	mayRegister(who: Jid, service: string): boolean {
		return isAllowed(this.#rules.register, who, service);
	}

	/**
	 * Whether an entry names both this account and this service, or the family that it is of (`lab-*`): a pattern of accounts
	 * that fits this one names nobody, and an entry about everything no service.
	 */
	isNamedFor(who: Jid, service: string): boolean {
		const bare = who.bare().toString();
		return this.#rules.register.some(
			(rule) => rule.who === bare && rule.what !== "*" && isAllowed([rule], who, service),
		);
	}

	/** @param fn its own name, without the service's */
	mayCall(who: Jid, service: string, fn: string): boolean {
		return isAllowed(this.#rules.call, who, `${service}.${fn}`);
	}

	/** Whether there may be a function of this service that `who` may call. */
	maySee(who: Jid, service: string): boolean {
		return isAnyAllowed(this.#rules.call, who, service);
	}

	isAdmin(who: Jid): boolean {
		return isAllowed(this.#rules.admin, who, "*");
	}

	/** The rules that can matter for calls of one service, for its providers. */
	callRules(service: string): AccessRule[] {
		return rulesForService(this.#rules.call, service);
	}
}

/** @throws BusError `invalid-argument` that names the entry */
function rulesIn(domain: string, { register, call, admin = [] }: AccessOptions = {}): Rules {
	const neighbours: readonly AccessEntry[] = [{ allow: `*@${domainAbove(domain)}` }];
	return {
		register: rulesOf("register", register ?? neighbours),
		call: rulesOf("call", call ?? neighbours),
		admin: rulesOf("admin", admin),
	};
}

/** The domain whose bus it is: `example.org` of `fn.example.org`. */
export function domainAbove(domain: string): string {
	return domain.slice(domain.indexOf(".") + 1);
}

type List = "register" | "call" | "admin";

function rulesOf(list: List, entries: readonly AccessEntry[]): AccessRule[] {
	const rules = entries.flatMap((entry, i) => rulesOfEntry(list, `access.${list}[${i}]`, entry));
	if (rules.length <= MAX_ACCESS_RULES) return rules;
	throw new BusError("invalid-argument", `access.${list} makes more than ${MAX_ACCESS_RULES} rules: use patterns`);
}

/** @throws BusError `invalid-argument`, also for what would fit nobody or nothing: it would keep nobody out */
function rulesOfEntry(list: List, where: string, entry: AccessEntry): AccessRule[] {
	const { allow, deny, to } = entry as { readonly allow?: Text; readonly deny?: Text; readonly to?: Text };
	const who = allow ?? deny;
	if (who === undefined || (allow !== undefined && deny !== undefined)) {
		throw new BusError("invalid-argument", `${where}: write either allow or deny`);
	}
	const effect = allow === undefined ? "deny" : "allow";
	const patterns = listOf(who).map((pattern) => checked(where, pattern));
	const names = listOf(to ?? "*").flatMap((name) => namesOf(list, where, name));
	if (patterns.length === 0) throw new BusError("invalid-argument", `${where}: ${effect} is empty: it is about nobody`);
	if (names.length === 0) throw new BusError("invalid-argument", `${where}: to is empty: leave it out for everything`);
	return patterns.flatMap((pattern) => names.map((what) => ({ effect, who: pattern, what })));
}

/** A service without function stands for itself and for all of its functions. */
function namesOf(list: List, where: string, name: string): string[] {
	if (name === "*") return [name];
	const problem = problemOf(list, name);
	if (problem !== undefined) throw new BusError("invalid-argument", `${where}: ${JSON.stringify(name)} ${problem}`);
	return name.includes(".") || name.endsWith("*") ? [name] : [name, `${name}.*`];
}

/** The beginning of a service's name, and of a function's with its service. */
const SERVICES = /^[a-z0-9][a-z0-9-]*$/i;
const FUNCTIONS = /^([^.]+)\.(?:[a-z0-9][a-z0-9_-]*)?$/i;

/** Why `to` cannot say this, and what to write. */
function problemOf(list: List, name: string): string | undefined {
	if (list === "admin") return "is too much: administrators are those of the whole domain. Leave `to` out";
	const isFamily = name.endsWith("*");
	const stem = isFamily ? name.slice(0, -1) : name;
	const [service = ""] = stem.split(".", 1);
	const fits = isFamily
		? SERVICES.test(stem) || (FUNCTIONS.test(stem) && isServiceName(service.toLowerCase()))
		: isServiceName(name.toLowerCase()) || isQualifiedName(name.toLowerCase());
	if (!fits) return "is no name: use dictionary, dictionary.define, dictionary.*, dict* or *";
	if (list !== "register" || !stem.includes(".")) return undefined;
	return `is about functions, and a service is registered as a whole: write ${service}`;
}

function checked(where: string, pattern: string): string {
	try {
		return checkedJidPattern(pattern);
	} catch (cause) {
		throw new BusError("invalid-argument", `${where}: ${BusError.from(cause).message}`, { cause });
	}
}

type Text = string | readonly string[];

const listOf = (value: Text): readonly string[] => (typeof value === "string" ? [value] : value);
