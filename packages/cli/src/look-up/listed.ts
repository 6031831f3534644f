import { type BrowseOptions, BusError, discoItems, Jid, majorOf, type Node, type ServiceDescription } from "antiphon";
import { findMajor, otherVersions } from "./major.js";
import { type Providers, providersOf } from "./providers.js";
import { orRefusal } from "./refusal.js";
import { inTurn, type ServiceThere, servicesIn } from "./services-in.js";

/** A function of one major version of a service, as a list has it, and who provides it. */
export interface Listed extends Providers {
	readonly address: string;
	readonly service: string;
	/** These three are unknown where the contract is not to be had. */
	readonly version: string | null;
	readonly kind: string | null;
	readonly delivery: string | null;
	readonly summary: string;
}

/** Something whose contract is not to be had. */
interface Unread {
	readonly jid: string;
	/** Of several major versions this one. */
	readonly version?: string;
	readonly error: BusError;
	/** Whether it is in the list all the same. */
	readonly isListed: boolean;
}

export interface List {
	/** By address, and of one address the newest version first. */
	readonly functions: readonly Listed[];
	readonly unread: readonly Unread[];
	/** Other domains that the domain names. */
	readonly domains: readonly string[];
}

const UNKNOWN = { version: null, kind: null, delivery: null, instances: null, health: null } as const;

/** What is answered for an item that is no service, or none any more. */
const NO_SERVICE: ReadonlySet<string> = new Set(["not-found", "unimplemented", "unavailable", "forbidden"]);

/**
 * The functions of a domain, of each major version that is served. A service whose contract is not to be had, because it is
 * too large for a stanza for one, is listed with what its address tells of it.
 * @param limits asked anew for each look-up: one deadline bounds them all
 * @throws BusError
 */
export async function listFunctions(node: Node, domain: string, limits: () => BrowseOptions): Promise<List> {
	const { services, others, domains } = await servicesIn(node, domain, limits);
	const lists = await inTurn(services, (each) => functionsAt(node, domain, each, limits));
	const functions = lists.flatMap((list) => list.functions);
	const unread = lists.flatMap((list) => list.unread);
	for (const { jid, error } of others.filter(isService)) {
		const names = await namesAt(node, jid, limits());
		functions.push(...names);
		unread.push({ jid, error, isListed: names.length > 0 });
	}
	return { functions: functions.sort(byAddress), unread, domains };
}

/** Whether it is one, for all that is known. */
const isService = ({ error }: { readonly error: BusError }) => !NO_SERVICE.has(error.code);

/** Those of a service, of each of its major versions. */
async function functionsAt(
	node: Node,
	domain: string,
	{ jid, contract, versions }: ServiceThere,
	limits: () => BrowseOptions,
): Promise<Pick<List, "functions" | "unread">> {
	const contracts = [contract];
	const unread: Unread[] = [];
	for (const version of otherVersions({ contract, versions })) {
		const found = await orRefusal(findMajor(node, jid, majorOf(version), limits()));
		if (!(found instanceof BusError)) contracts.push(found.contract);
		// Otherwise it has gone since.
		else if (isService({ error: found })) unread.push({ jid, version, error: found, isListed: false });
	}
	const majors = contracts.map((each) => majorOf(each.version));
	const providers = await providersOf(node, jid, majors, limits);
	return { functions: contracts.flatMap((each, i) => functionsOf(each, domain, providers[i] as Providers)), unread };
}

function functionsOf({ service, version, functions }: ServiceDescription, domain: string, by: Providers): Listed[] {
	return Object.entries(functions).map(([fn, { kind, delivery, summary = "" }]) => ({
		address: `${service}.${fn}@${domain}`,
		service,
		version,
		kind,
		delivery,
		summary,
		instances: by.instances,
		health: by.health,
	}));
}

/** From the list of items, which comes in pages of any length. One that fails as well adds nothing. */
async function namesAt(node: Node, jid: string, limits: BrowseOptions): Promise<Listed[]> {
	const service = Jid.tryParse(jid)?.local ?? "";
	const items = await discoItems(node, jid, limits).catch(() => []);
	return items.map(({ jid: address, name = "" }) => {
		const isNamed = name.toLowerCase() === Jid.tryParse(address)?.local;
		return { address, service, ...UNKNOWN, summary: isNamed ? "" : name };
	});
}

function byAddress(a: Listed, b: Listed): number {
	if (a.address !== b.address) return a.address < b.address ? -1 : 1;
	return majorOf(b.version ?? "0") - majorOf(a.version ?? "0");
}
