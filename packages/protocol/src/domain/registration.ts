import { type Element, xml } from "@antiphon/xml";
import { BusError, type BusErrorCode } from "../errors.js";
import { Jid } from "../jid.js";
import { MAX_TTL_MS } from "../limits.js";
import { isServiceName, isVersion } from "../names.js";
import { NS } from "../namespaces.js";
import { type AccessRule, decodeAccess, encodeAccess } from "./access.js";
import { boundedNumber } from "./attributes.js";
import { decodeLabels, encodeLabels, type Labels } from "./labels.js";

/** What a provider asks of its domain (docs/protocol.md, "Registering"). */
export interface Registration {
	readonly service: string;
	readonly version: string;
	readonly fingerprint: string;
	/** The name of this instance: the resource of its addresses in the domain. */
	readonly instance: string;
	/** Calls that it runs at once. */
	readonly concurrency: number;
	readonly labels: Labels;
}

/** What the domain grants. */
export interface Grant {
	/** The instance is forgotten if nothing is heard of it for this long, in milliseconds. */
	readonly leaseMs: number;
	/** Who may call which function of the service. */
	readonly access: readonly AccessRule[];
}

/** How an instance is: `draining` takes no new calls. */
export type InstanceState = "available" | "draining";

/** One line of a renewal: what an instance is busy with. */
export interface Heartbeat {
	readonly service: string;
	readonly instance: string;
	readonly state: InstanceState;
	/** Calls that run now. */
	readonly running: number;
}

/** What an instance is called, inside one domain. */
export interface InstanceName {
	readonly service: string;
	readonly instance: string;
}

/** Instances in one renewal. */
const MAX_HEARTBEATS = 1024;
const MAX_CONCURRENCY = 1_000_000;
const MAX_INSTANCE_CHARS = 128;
const FINGERPRINT = /^[A-Za-z0-9_-]{22}$/;

export function encodeRegister(registration: Registration): Element {
	const { service, version, fingerprint, instance, concurrency, labels } = registration;
	const attributes = { service, v: version, fingerprint, instance, concurrency: String(concurrency) };
	return xml("register", NS.registry, attributes, ...encodeLabels(labels, NS.registry));
}

/** @throws BusError `invalid-argument` with what is wrong */
export function decodeRegister(element: Element): Registration {
	const version = element.attr("v") ?? "";
	const fingerprint = element.attr("fingerprint") ?? "";
	if (!isVersion(version)) throw new BusError("invalid-argument", "v must be a version such as 1.0.0");
	if (!FINGERPRINT.test(fingerprint)) {
		throw new BusError("invalid-argument", "fingerprint must be 22 characters of base64url");
	}
	return {
		...decodeInstanceName(element),
		version,
		fingerprint,
		concurrency: boundedNumber(element, "concurrency", 1, MAX_CONCURRENCY),
		labels: decodeLabels(element),
	};
}

export function encodeGrant({ leaseMs, access }: Grant): Element {
	return xml("registered", NS.registry, { lease: String(leaseMs) }, encodeAccess(access));
}

/** @throws BusError `protocol` */
export function decodeGrant(element: Element | undefined): Grant {
	if (element === undefined || !element.is("registered", NS.registry)) {
		throw new BusError("protocol", "the answer to a registration is no <registered/>");
	}
	const [access, ...others] = element.elements("access", NS.registry);
	// Whichever of two were left out, it might have kept somebody out.
	if (others.length > 0) throw new BusError("protocol", "<registered/> has more than one <access/>");
	return { leaseMs: boundedNumber(element, "lease", 1, MAX_TTL_MS, "protocol"), access: decodeAccess(access) };
}

export function encodeDeregister({ service, instance }: InstanceName): Element {
	return xml("deregister", NS.registry, { service, instance });
}

/** The names that a registration is known by. @throws BusError */
export function decodeInstanceName(element: Element, code: BusErrorCode = "invalid-argument"): InstanceName {
	return { service: decodeService(element, code), instance: decodeInstance(element, code) };
}

/** The attribute `service`. @throws BusError */
export function decodeService(element: Element, code: BusErrorCode = "invalid-argument"): string {
	const service = element.attr("service") ?? "";
	if (isServiceName(service)) return service;
	throw new BusError(code, "service must be the name of a service");
}

/** The attribute `instance`. @throws BusError */
export function decodeInstance(element: Element, code: BusErrorCode = "invalid-argument"): string {
	const instance = element.attr("instance") ?? "";
	// In the one spelling that it has as a resource: else two instances could share an address.
	if (instance.length <= MAX_INSTANCE_CHARS && Jid.tryParse(`d/${instance}`)?.resource === instance) return instance;
	const what = `a name of 1 to ${MAX_INSTANCE_CHARS} characters, spelled as the resource of a JID is`;
	throw new BusError(code, `instance must be ${what}`);
}

export function encodeRenew(heartbeats: readonly Heartbeat[]): Element {
	const lines = heartbeats.map(({ service, instance, state, running }) =>
		xml("instance", NS.registry, { service, instance, state, running: String(running) }),
	);
	return xml("renew", NS.registry, {}, ...lines);
}

/** @throws BusError `invalid-argument` */
export function decodeRenew(element: Element): Heartbeat[] {
	const lines = element.elements("instance", NS.registry);
	if (lines.length > MAX_HEARTBEATS) {
		throw new BusError("invalid-argument", `a renewal names at most ${MAX_HEARTBEATS} instances`);
	}
	return lines.map((line) => ({
		...decodeInstanceName(line),
		state: line.attr("state") === "draining" ? "draining" : "available",
		running: boundedNumber(line, "running", 0, MAX_CONCURRENCY),
	}));
}

/** What a host that has started says to a node: renew now, it may have forgotten you. */
export function encodeRestarted(): Element {
	return xml("restarted", NS.registry);
}

/** @param unknown what the domain does not know: to be registered again */
export function encodeRenewed(unknown: readonly InstanceName[]): Element {
	const lines = unknown.map(({ service, instance }) => xml("unknown", NS.registry, { service, instance }));
	return xml("renewed", NS.registry, {}, ...lines);
}

/** @returns what the domain does not know. @throws BusError `protocol` */
export function decodeRenewed(element: Element | undefined): InstanceName[] {
	if (element === undefined || !element.is("renewed", NS.registry)) {
		throw new BusError("protocol", "the answer to a renewal is no <renewed/>");
	}
	return element.elements("unknown", NS.registry).map((line) => decodeInstanceName(line, "protocol"));
}
