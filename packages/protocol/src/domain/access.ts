import { type Element, xml } from "@antiphon/xml";
import { BusError } from "../errors.js";
import { Jid } from "../jid.js";
import { NS } from "../namespaces.js";
import { AccessOf } from "./access-of.js";

/** Rules in one set; more is a mistake, or an attempt to keep the reader busy. */
export const MAX_ACCESS_RULES = 256;

/**
 * Who may do something. The first rule that fits decides; where none does, it is refused.
 *
 * `who` is a JID pattern:
 *
 * | pattern              | fits                                                             |
 * | -------------------- | ---------------------------------------------------------------- |
 * | `*`                  | everybody                                                        |
 * | `alice@example.org`  | this account, whatever the resource                              |
 * | `*@example.org`      | every account of this domain                                     |
 * | `*@*.example.org`    | every account of every domain below this one                     |
 * | `fn.example.org`     | whoever speaks from this domain: itself, and each of its addresses |
 * | `*.example.org`      | the same for every domain below this one                         |
 *
 * `what` is a name, or the beginning of one and `*`. Anywhere else an asterisk would look as if it stood for something.
 */
export interface AccessRule {
	readonly effect: "allow" | "deny";
	readonly who: string;
	readonly what: string;
}

/**
 * @param rules are not changed afterwards: what they say to one asker is kept as long as its JID
 * @param what the name that is asked for, such as `dictionary.define`
 */
export function isAllowed(rules: readonly AccessRule[], who: Jid, what: string): boolean {
	return accessOf(rules, who).isAllowed(what);
}

/** The rules that can matter for one service and its functions. */
export function rulesForService(rules: readonly AccessRule[], service: string): AccessRule[] {
	const prefix = `${service}.`.toLowerCase();
	return rules.filter(({ what }) => {
		const folded = what.toLowerCase();
		if (!folded.endsWith("*")) return folded.startsWith(prefix);
		return prefix.startsWith(folded.slice(0, -1)) || folded.startsWith(prefix);
	});
}

/** Whether there may be a function of this service that `who` is allowed. @param rules as for {@link isAllowed} */
export function isAnyAllowed(rules: readonly AccessRule[], who: Jid, service: string): boolean {
	return accessOf(rules, who).isAnyAllowed(service);
}

/** One who asks for a list is judged for each of its entries. */
const judged = new WeakMap<readonly AccessRule[], WeakMap<Jid, AccessOf>>();

function accessOf(rules: readonly AccessRule[], who: Jid): AccessOf {
	const askers = judged.get(rules) ?? new WeakMap<Jid, AccessOf>();
	judged.set(rules, askers);
	const access = askers.get(who) ?? new AccessOf(rules.filter((rule) => fitsJid(rule.who, who)));
	askers.set(who, access);
	return access;
}

function fitsJid(pattern: string, jid: Jid): boolean {
	if (pattern === "*") return true;
	const at = pattern.indexOf("@");
	if (at === -1) return fitsDomain(pattern, jid.domain);
	const local = pattern.slice(0, at);
	if (jid.local === undefined || (local !== "*" && local !== jid.local)) return false;
	return fitsDomain(pattern.slice(at + 1), jid.domain);
}

function fitsDomain(pattern: string, domain: string): boolean {
	return pattern.startsWith("*.") ? domain.endsWith(pattern.slice(1)) : pattern === domain;
}

/** A JID pattern in the one spelling in which it is compared. @throws BusError `invalid-argument` */
export function checkedJidPattern(pattern: string): string {
	if (pattern === "*") return pattern;
	const at = pattern.indexOf("@");
	const [local, domain] = at === -1 ? [undefined, pattern] : [pattern.slice(0, at), pattern.slice(at + 1)];
	const below = domain.startsWith("*.") ? "*." : "";
	const jid = Jid.tryParse(
		`${local === undefined ? "" : `${local === "*" ? "any" : local}@`}${domain.slice(below.length)}`,
	);
	if (jid === undefined || jid.resource !== undefined || (local !== "*" && local?.includes("*"))) {
		throw new BusError(
			"invalid-argument",
			`${JSON.stringify(pattern)} is no JID pattern: use alice@example.org, *@example.org, example.org, *.example.org or *`,
		);
	}
	if (local === undefined) return `${below}${jid.domain}`;
	return `${local === "*" ? "*" : jid.local}@${below}${jid.domain}`;
}

/** `<access/>`, the rules that a provider applies to the calls of one service. */
export function encodeAccess(rules: readonly AccessRule[]): Element {
	return xml(
		"access",
		NS.registry,
		{},
		...rules.map(({ effect, who, what }) => xml(effect, NS.registry, { who, what })),
	);
}

const WHAT = /^[A-Za-z0-9._-]*\*?$/;

/** @throws BusError `protocol` for what is not understood: a rule that is left out would let somebody in, or keep somebody out */
export function decodeAccess(access: Element | undefined): AccessRule[] {
	const rules = access?.elements() ?? [];
	if (access === undefined || rules.length > MAX_ACCESS_RULES) throw malformed();
	return rules.map((rule) => {
		const who = rule.attr("who");
		const what = rule.attr("what");
		const effect = rule.name;
		if (rule.ns !== NS.registry || (effect !== "allow" && effect !== "deny") || !who || !what) throw malformed();
		if (!WHAT.test(what)) throw malformed();
		return { effect, who: patternOf(who), what };
	});
}

function patternOf(who: string): string {
	try {
		return checkedJidPattern(who);
	} catch (cause) {
		throw new BusError("protocol", BusError.from(cause).message, { cause });
	}
}

function malformed(): BusError {
	return new BusError("protocol", `the rules of access are malformed: at most ${MAX_ACCESS_RULES} of allow and deny`);
}
