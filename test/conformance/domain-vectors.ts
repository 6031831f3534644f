import { deepStrictEqual } from "node:assert";
import {
	decodeDrain,
	decodeDrained,
	decodeFree,
	decodeFreed,
	decodeGrant,
	decodeHosting,
	decodeInstanceName,
	decodeNames,
	decodeNamesRequest,
	decodeNodes,
	decodeNodesRequest,
	decodePageEnd,
	decodePageRequest,
	decodeRegister,
	decodeRenew,
	decodeRenewed,
	decodeReport,
	decodeReportRequest,
	decodeResolution,
	decodeResolve,
	decodeStatistics,
	decodeStatisticsRequest,
	encodeDeregister,
	encodeDrain,
	encodeDrained,
	encodeFree,
	encodeFreed,
	encodeGrant,
	encodeHosting,
	encodeNames,
	encodeNamesRequest,
	encodeNodes,
	encodeNodesRequest,
	encodeRegister,
	encodeRenew,
	encodeRenewed,
	encodeReport,
	encodeReportRequest,
	encodeResolution,
	encodeResolve,
	encodeRestarted,
	encodeStatistics,
	encodeStatisticsRequest,
	type FunctionReport,
	Jid,
	type KeptName,
	type NodesRequest,
	type PagePosition,
	type RegisteredInstance,
} from "@antiphon/protocol";
import { type Element, parseElement } from "@antiphon/xml";
import { expect } from "vitest";
import { expectRefusal, type Refusal } from "./refusal.js";
import { normalXml } from "./vector-values.js";

/** Vectors of what nodes say to domains and domains to nodes. */
export interface DomainVector {
	readonly xml: string;
	/** Further children: of the payload, or of the element in it that is named. */
	readonly more?: { readonly times: number; readonly xml: string; readonly in?: string };
	readonly decoded?: object;
	readonly error?: Refusal;
	readonly encodes?: boolean;
	/** Of a page, for encoding. */
	readonly position?: PagePosition;
}

interface Codec {
	readonly decode: (payload: Element) => unknown;
	readonly encode: (value: never, position?: PagePosition) => Element;
}

/** By the type of the stanza and the name of its payload. */
const CODECS: Readonly<Record<string, Codec>> = {
	"set register": { decode: decodeRegister, encode: encodeRegister },
	"result registered": { decode: decodeGrant, encode: encodeGrant },
	"set renew": { decode: decodeRenew, encode: encodeRenew },
	"result renewed": { decode: decodeRenewed, encode: encodeRenewed },
	"set deregister": { decode: (payload) => decodeInstanceName(payload), encode: encodeDeregister },
	"get resolve": { decode: decodeResolve, encode: encodeResolve },
	"result instances": { decode: decodeResolution, encode: encodeResolution },
	"headline instances": { decode: decodeResolution, encode: encodeResolution },
	"headline restarted": { decode: () => ({}), encode: encodeRestarted },
	"headline hosting": { decode: decodeHosting, encode: encodeHosting },
	"get nodes": {
		decode: (payload) => ({ after: decodePageRequest(payload)?.after, ...decodeNodesRequest(payload) }),
		encode: ({ after, ...wanted }: { after?: string } & NodesRequest) => encodeNodesRequest(after, wanted),
	},
	"result nodes": {
		decode: (payload) => {
			const instances = decodeNodes(payload);
			return { instances, page: decodePageEnd(payload, instances.length) };
		},
		encode: ({ instances }: { instances: RegisteredInstance[] }, position) => encodeNodes(instances, position),
	},
	"set drain": { decode: decodeDrain, encode: encodeDrain },
	"result drained": { decode: decodeDrained, encode: encodeDrained },
	"get names": {
		decode: (payload) => ({ after: decodePageRequest(payload)?.after, service: decodeNamesRequest(payload) }),
		encode: ({ after, service }: { after?: string; service?: string }) => encodeNamesRequest(after, service),
	},
	"result names": {
		decode: (payload) => {
			const names = decodeNames(payload);
			return { names, page: decodePageEnd(payload, names.length) };
		},
		encode: ({ names }: { names: KeptName[] }, position) => encodeNames(names, position),
	},
	"set free": {
		decode: (payload) => ({ service: decodeFree(payload) }),
		encode: ({ service }: { service: string }) => encodeFree(service),
	},
	"result freed": { decode: decodeFreed, encode: encodeFreed },
	"get stats": { decode: decodeStatisticsRequest, encode: encodeStatisticsRequest },
	"result stats": { decode: decodeStatistics, encode: encodeStatistics },
	"get report": { decode: decodeReportRequest, encode: encodeReportRequest },
	"result report": {
		decode: (payload) => decodeReport(payload).map((each) => ({ ...each, durations: filled(each.durations) })),
		encode: (reports: FunctionReport[]) => encodeReport(reports),
	},
};

export function runDomain({ xml, more, decoded, error, encodes, position }: DomainVector): void {
	const stanza = parseElement(xml);
	const payload = withMore(stanza.child() as Element, more);
	const name = `${stanza.attr("type")} ${payload.name}`;
	const codec = CODECS[name];
	if (codec === undefined) throw new Error(`nobody reads ${name}`);
	if (decoded === undefined) {
		expectRefusal(() => codec.decode(payload), error);
		return;
	}
	deepStrictEqual(plain(codec.decode(payload)), decoded);
	if (encodes) expect(normalXml(codec.encode(typed(decoded) as never, position))).toBe(normalXml(payload));
}

/** A payload with its further children. */
export function withMore(payload: Element, more: DomainVector["more"]): Element {
	if (more === undefined) return payload;
	const { times, xml, in: place } = more;
	const added = new Array<Element>(times).fill(parseElement(xml));
	if (place === undefined) return payload.withChildren(...payload.children, ...added);
	return payload.withChildren(
		...payload
			.elements()
			.map((child) => (child.name === place ? child.withChildren(...child.children, ...added) : child)),
	);
}

/** As JSON has it: addresses as text, nothing where a member is undefined. */
function plain(value: unknown): unknown {
	if (value instanceof Jid) return value.toString();
	if (Array.isArray(value)) return value.map(plain);
	if (typeof value !== "object" || value === null) return value;
	const members = Object.entries(value).filter(([, member]) => member !== undefined);
	return Object.fromEntries(members.map(([key, member]) => [key, plain(member)]));
}

/** The reverse: the one member that is not JSON is the address of an instance. */
function typed(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(typed);
	if (typeof value !== "object" || value === null) return value;
	const of = (key: string, member: unknown) => (key === "jid" ? Jid.parse(member as string) : typed(member));
	return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, of(key, member)]));
}

/** Counts by bucket, without the empty ones. */
function filled(counts: ArrayLike<number>): Record<string, number> {
	const buckets = Array.from(counts, (count, bucket) => [bucket, count] as const);
	return Object.fromEntries(buckets.filter(([, count]) => count > 0));
}
