import { type AttributeValues, type Element, xml } from "@antiphon/xml";
import { BusError } from "../errors.js";
import { Jid } from "../jid.js";
import { MAX_TTL_MS } from "../limits.js";
import { isVersion } from "../names.js";
import { NS } from "../namespaces.js";
import { boundedNumber } from "./attributes.js";
import { decodeLabels, encodeLabels, type Labels } from "./labels.js";
import type { InstanceState } from "./registration.js";

/** What a caller asks of a service's address (docs/protocol.md, "Finding instances"). */
export interface ResolveRequest {
	/** The version that the caller was built with: of many instances, those that serve it. `undefined`: any. */
	readonly version: string | undefined;
	/** Tell of changes for this long, in milliseconds; 0: do not. */
	readonly watchMs: number;
}

/** One provider of a service. */
export interface Instance {
	/** Its name in the domain. */
	readonly name: string;
	/** Where it is called: the full JID of its node, or its address in a domain that the node owns. */
	readonly jid: Jid;
	readonly version: string;
	readonly state: InstanceState;
	/** Calls that ran when it was last heard of. */
	readonly running: number;
	/** Calls that it runs at once. */
	readonly concurrency: number;
	readonly labels: Labels;
}

/** The answer, and what is pushed when it changes. */
export interface Resolution {
	readonly service: string;
	/** Whether the domain has ever heard of the service: else its name may be misspelt. */
	readonly known: boolean;
	/** At most {@link MAX_INSTANCES}; of more, some: for one caller the same ones as long as they are there. */
	readonly instances: readonly Instance[];
	/** How many there are. Left out: these are all. */
	readonly total?: number | undefined;
	/** How long changes are told of, in milliseconds. */
	readonly watchMs: number;
	/**
	 * The domain's host has just started, or was cut off: for so many milliseconds there may be instances besides these of
	 * which it has not heard yet. Left out: these are all.
	 */
	readonly settlingMs?: number | undefined;
}

export const MAX_INSTANCES = 128;
/** The longest that a domain may take to hear of everybody again, in milliseconds. */
export const MAX_SETTLING_MS = 600_000;
const MAX_RUNNING = 1_000_000;
const MAX_TOTAL = 1_000_000;

export function encodeResolve({ version, watchMs }: ResolveRequest): Element {
	return xml("resolve", NS.resolve, { v: version, watch: String(watchMs) });
}

/** @throws BusError `invalid-argument` */
export function decodeResolve(element: Element): ResolveRequest {
	const version = element.attr("v");
	if (version !== undefined && !isVersion(version)) {
		throw new BusError("invalid-argument", "v must be a version such as 1.0.0");
	}
	const watchMs = element.attr("watch") === undefined ? 0 : boundedNumber(element, "watch", 0, MAX_TTL_MS);
	return { version, watchMs };
}

export function encodeResolution({ instances, total = instances.length, ...head }: Resolution): Element {
	const lines = instances.slice(0, MAX_INSTANCES).map((instance) => encodeInstance(instance, NS.resolve));
	return resolutionWith({ ...head, total }, lines);
}

/** A resolution of lines that are encoded already: many callers are told the same. */
export function resolutionWith(
	{ service, known, watchMs, total, settlingMs }: Omit<Resolution, "instances">,
	lines: readonly Element[],
): Element {
	const partial = total !== undefined && total > lines.length ? String(total) : undefined;
	const settling = settlingMs ? String(settlingMs) : undefined;
	const attributes = { service, known: String(known), watch: String(watchMs), total: partial, settling };
	return xml("instances", NS.resolve, attributes, ...lines);
}

/** Instances that are malformed are left out: the others can be called. @throws BusError `protocol` */
export function decodeResolution(element: Element | undefined): Resolution {
	if (element === undefined || !element.is("instances", NS.resolve)) {
		throw new BusError("protocol", "the answer to a resolution is no <instances/>");
	}
	const lines = element.elements("instance", NS.resolve).slice(0, MAX_INSTANCES);
	return {
		service: element.attr("service") ?? "",
		known: element.attr("known") !== "false",
		watchMs: boundedNumber(element, "watch", 0, MAX_TTL_MS, "protocol"),
		total: element.attr("total") === undefined ? undefined : boundedNumber(element, "total", 0, MAX_TOTAL, "protocol"),
		settlingMs: decodeSettling(element),
		instances: lines.flatMap((line) => decodeInstance(line) ?? []),
	};
}

/** What cannot be read is passed over: without it the answer is what it was before there was such a thing. */
function decodeSettling(element: Element): number | undefined {
	if (element.attr("settling") === undefined) return undefined;
	try {
		return boundedNumber(element, "settling", 1, MAX_SETTLING_MS);
	} catch {
		return undefined;
	}
}

/** `<instance/>`. @param more attributes besides its own */
export function encodeInstance(instance: Instance, ns: string, more: AttributeValues = {}): Element {
	const { name, jid, version: v, state, running, concurrency, labels } = instance;
	const busy = { state, running: String(running), concurrency: String(concurrency) };
	return xml("instance", ns, { name, jid: jid.toString(), v, ...busy, ...more }, ...encodeLabels(labels, ns));
}

/** @returns `undefined` for a line that is malformed */
export function decodeInstance(line: Element): Instance | undefined {
	const name = line.attr("name");
	const jid = Jid.tryParse(line.attr("jid"));
	const version = line.attr("v") ?? "";
	if (!name || jid === undefined || !isVersion(version)) return undefined;
	try {
		return {
			name,
			jid,
			version,
			state: line.attr("state") === "draining" ? "draining" : "available",
			running: boundedNumber(line, "running", 0, MAX_RUNNING),
			concurrency: boundedNumber(line, "concurrency", 1, MAX_RUNNING),
			labels: decodeLabels(line),
		};
	} catch {
		return undefined;
	}
}
