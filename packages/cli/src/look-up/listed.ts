import { type BrowseOptions, type BusError, discoItems, Jid, type Node, type ServiceDescription } from "antiphon";
import { servicesIn } from "./services-in.js";

/** A function as a list has it. */
export interface Listed {
	readonly address: string;
	/** These three are unknown where the contract is not to be had. */
	readonly version: string | null;
	readonly kind: string | null;
	readonly delivery: string | null;
	readonly summary: string;
}

export interface List {
	readonly functions: readonly Listed[];
	/** Services whose contracts are not to be had, why, and whether they are in the list all the same. */
	readonly unread: readonly { readonly jid: string; readonly error: BusError; readonly isListed: boolean }[];
	/** Other domains that the domain names. */
	readonly domains: readonly string[];
}

/** What is answered for an item that is no service, or none any more. */
const NO_SERVICE: ReadonlySet<string> = new Set(["not-found", "unimplemented", "unavailable", "forbidden"]);

/**
 * The functions of a domain. A service whose contract is not to be had, because it is too large for a stanza for one, is
 * listed with what its address tells of it.
 * @throws BusError
 */
export async function listFunctions(node: Node, domain: string, limits: () => BrowseOptions): Promise<List> {
	const { services, others, domains } = await servicesIn(node, domain, limits);
	const functions = services.flatMap(({ contract }) => functionsOf(contract, domain));
	const unread: List["unread"][number][] = [];
	for (const { jid, error } of others.filter((other) => !NO_SERVICE.has(other.error.code))) {
		const names = await namesAt(node, jid, limits());
		functions.push(...names);
		unread.push({ jid, error, isListed: names.length > 0 });
	}
	return { functions, unread, domains };
}

function functionsOf({ service, version, functions }: ServiceDescription, domain: string): Listed[] {
	return Object.entries(functions).map(([fn, { kind, delivery, summary = "" }]) => ({
		address: `${service}.${fn}@${domain}`,
		version,
		kind,
		delivery,
		summary,
	}));
}

/** From the list of items, which comes in pages of any length. One that fails as well adds nothing. */
async function namesAt(node: Node, jid: string, limits: BrowseOptions): Promise<Listed[]> {
	const items = await discoItems(node, jid, limits).catch(() => []);
	return items.map(({ jid: address, name = "" }) => {
		const isNamed = name.toLowerCase() === Jid.tryParse(address)?.local;
		return { address, version: null, kind: null, delivery: null, summary: isNamed ? "" : name };
	});
}
