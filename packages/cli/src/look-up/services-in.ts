import { type BrowseOptions, BusError, discoItems, type FoundContract, findContract, Jid, type Node } from "antiphon";
import { orRefusal } from "./refusal.js";

/** A service at its address, with the contract of its newest version. */
export interface ServiceThere extends FoundContract {
	readonly jid: string;
}

/** What there is in a domain. */
interface DomainContents {
	readonly services: readonly ServiceThere[];
	/** Items that have no contract: a domain may have other items, and a service may have gone since. */
	readonly others: readonly { readonly jid: string; readonly error: BusError }[];
	/** Other domains that it names: an XMPP server lists its components. */
	readonly domains: readonly string[];
}

/** Services that are asked for something at once. */
const AT_ONCE = 16;

/**
 * Asks a domain for its services, and these for their contracts.
 * @param limits asked anew for each look-up: one deadline bounds them all
 * @throws BusError
 */
export async function servicesIn(node: Node, domain: string, limits: () => BrowseOptions): Promise<DomainContents> {
	// Versions of a service that stand side by side have one address.
	const found = [...new Set((await discoItems(node, domain, limits())).map((item) => item.jid))];
	const items = found.filter((jid) => Jid.tryParse(jid)?.local !== undefined);
	const domains = found.filter((jid) => Jid.tryParse(jid)?.local === undefined && jid !== domain);
	const answers = await inTurn(items, async (jid) => ({
		jid,
		answer: await orRefusal(findContract(node, jid, limits())),
	}));
	const services = answers.flatMap(({ jid, answer }) => (answer instanceof BusError ? [] : [{ jid, ...answer }]));
	const others = answers.flatMap(({ jid, answer }) => (answer instanceof BusError ? [{ jid, error: answer }] : []));
	return { services, others, domains };
}

/** Does the same for all, a few at once. */
export async function inTurn<From, T>(all: readonly From[], ask: (each: From) => Promise<T>): Promise<T[]> {
	const answers: T[] = [];
	for (let i = 0; i < all.length; i += AT_ONCE) {
		answers.push(...(await Promise.all(all.slice(i, i + AT_ONCE).map(ask))));
	}
	return answers;
}
