import { parseDescription, type ServiceDescription } from "@antiphon/contract";
import {
	allPages,
	BusError,
	type DiscoInfo,
	type DiscoItem,
	decodeBody,
	decodeDiscoInfo,
	decodeDiscoItems,
	encodePageRequest,
	isVersion,
	NS,
	parseEncoding,
} from "@antiphon/protocol";
import { type Element, xml } from "@antiphon/xml";
import type { QueryRequest } from "./host/query-request.js";
import type { Node } from "./node.js";

/** Limits of one look-up: as for {@link Node.query}. */
export type BrowseOptions = Pick<QueryRequest, "timeoutMs" | "signal">;

/** Asks an entity for a sign of life (XEP-0199). @returns how long the answer took, in milliseconds. @throws BusError */
export async function ping(node: Node, to: string, options: BrowseOptions = {}): Promise<number> {
	const startedMs = performance.now();
	await node.query({ ...options, type: "get", to, payload: xml("ping", NS.ping) });
	return performance.now() - startedMs;
}

/** What an entity is and can do (XEP-0030). @throws BusError */
export async function discoInfo(node: Node, to: string, options: BrowseOptions = {}): Promise<DiscoInfo> {
	return decodeDiscoInfo(await ask(node, to, xml("query", NS.discoInfo), options));
}

/**
 * What there is at an entity: the services of a domain, the functions of a service (XEP-0030). A list that comes in pages
 * (XEP-0059) is asked for page by page; the time limit is for all of them.
 * @throws BusError
 */
export async function discoItems(node: Node, to: string, options: BrowseOptions = {}): Promise<DiscoItem[]> {
	const { timeoutMs, signal } = options;
	const endMs = timeoutMs === undefined ? undefined : performance.now() + timeoutMs;
	return allPages(to, async (after, known) => {
		const set = after === undefined ? undefined : encodePageRequest({ after });
		const leftMs = endMs === undefined || after === undefined ? timeoutMs : Math.ceil(endMs - performance.now());
		if (leftMs !== undefined && leftMs <= 0) {
			throw new BusError("deadline-exceeded", `${known} items of ${to} came in time, and there are more`);
		}
		const limits = { ...(leftMs !== undefined && { timeoutMs: leftMs }), ...(signal !== undefined && { signal }) };
		const element = await ask(node, to, xml("query", NS.discoItems, {}, set), limits);
		return { items: decodeDiscoItems(element), element };
	});
}

/** Which contract is meant. */
export interface ContractOptions extends BrowseOptions {
	/** The name of the service, where a node is asked. */
	readonly service?: string;
	/** Of several major versions this one. Default: the newest. */
	readonly version?: string;
}

/** A contract, and what there is besides. */
export interface FoundContract {
	readonly contract: ServiceDescription;
	/** The versions of the service that are served there, one of each major, the newest first. */
	readonly versions: readonly string[];
}

/** Major versions of one service that are told of. */
const MAX_VERSIONS = 64;

/**
 * The contract of a service, from the address of the service or of one of its functions.
 * @throws BusError
 */
export async function fetchContract(
	node: Pick<Node, "query">,
	to: string,
	options: ContractOptions = {},
): Promise<ServiceDescription> {
	return (await findContract(node, to, options)).contract;
}

/** As {@link fetchContract}, with the versions that are served side by side. @throws BusError */
export async function findContract(
	node: Pick<Node, "query">,
	to: string,
	{ service, version: v, ...limits }: ContractOptions = {},
): Promise<FoundContract> {
	const answer = await ask(node, to, xml("contract", NS.contract, { service, v }), limits);
	try {
		const contract = parseDescription(decodeBody(answer, parseEncoding(answer.attr("enc"))));
		const told = answer.attr("versions")?.split(" ", MAX_VERSIONS).filter(isVersion) ?? [];
		return { contract, versions: told.length > 0 ? told : [contract.version] };
	} catch (cause) {
		throw new BusError("protocol", `the contract that ${to} sent is malformed: ${BusError.from(cause).message}`, {
			cause,
		});
	}
}

async function ask(node: Pick<Node, "query">, to: string, payload: Element, options: BrowseOptions): Promise<Element> {
	const answer = await node.query({ ...options, type: "get", to, payload });
	if (answer?.is(payload.name, payload.ns)) return answer;
	throw new BusError("protocol", `${to} answered with something else than <${payload.name} xmlns='${payload.ns}'/>`);
}
