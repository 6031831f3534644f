import {
	BusError,
	decodeInstanceName,
	decodeRegister,
	decodeRenew,
	decodeStanzaError,
	encodeGrant,
	encodeRenewed,
	type Heartbeat,
	type InstanceName,
	Jid,
	NS,
	type Registration,
	type StanzaCondition,
} from "@antiphon/protocol";
import { xml } from "@antiphon/xml";
import { handleSet, Seldom } from "antiphon/modules";
import { Asking } from "../asking/asking.js";
import { contractOf } from "../asking/provider-contract.js";
import type { DomainHost, DomainModule } from "../host/domain-host.js";
import { Comings } from "../registry/comings.js";
import { Grants } from "../registry/grants.js";
import type { Instance } from "../registry/registry.js";

/** How often leases are looked at, in a lease: whose has ended is known a fifteenth of it later, 16 s after the last renewal. */
const SWEEPS_IN_LEASE = 15;
/** Lines that tell of providers that come, and that go, in a second; then their number. Who does both must not fill a log. */
const SAID_EVERY_MS = 1_000;
const SAID_BURST = 10;
/** How often the log says that a bound keeps somebody out: whoever meets with it can do so often. */
const FULL_EVERY_MS = 10_000;
/** How often it is written down of what runs that it does, in milliseconds. */
const USED_EVERY_MS = 3_600_000;
/** How long the holder of an instance's name has to show that it is there, in milliseconds. */
const HOLDER_ANSWERS_MS = 1_000;

/** Providers register, renew and deregister (docs/protocol.md, "Registering"). */
export const register: DomainModule = (host) => {
	const { node, registry, limits } = host;
	node.feature(NS.registry);
	const asking = new Asking(limits.maxContractsAsked);
	const grants = new Grants(host.policy);
	const comings = new Comings();
	const come = new Seldom(SAID_EVERY_MS, SAID_BURST);
	const gone = new Seldom(SAID_EVERY_MS, SAID_BURST);
	const forgotten = new Seldom(SAID_EVERY_MS, SAID_BURST);
	const full = new Seldom(FULL_EVERY_MS);

	handleSet(node, { ns: NS.registry, name: "register" }, async ({ payload, from }) => {
		const registration = decodeRegister(payload);
		try {
			return await registered(registration, from);
		} catch (thrown) {
			const { code, message } = BusError.from(thrown);
			const who = `${from} could not register ${registration.service}/${registration.instance}`;
			const what = "If it is no flood, raise that bound: limits, in the config";
			if (code === "overloaded") full.say((more) => node.log.warn(`${who}${more}: ${message}. ${what}`));
			throw thrown;
		}
	});
	const registered = (registration: Registration, from: Jid) =>
		comings.during(from, async (requireHere) => {
			requireNode(from);
			host.owners.require(from, registration.service);
			const description = await contractOf(host, asking, registration, from);
			await makeRoom(host, registration, from);
			// All of this took time, and others may have been quicker.
			host.owners.require(from, registration.service);
			requireHere();
			registry.add(registration, from, description, node.now());
			host.owners.claim(from, registration.service);
			const { service, instance, version } = registration;
			const added = registry.find(registration) as Instance;
			come.say((more) => node.log.info(`${from} has registered ${service}/${instance}, version ${version}${more}`));
			return encodeGrant({ leaseMs: limits.leaseMs, access: grants.give(added) });
		});

	handleSet(node, { ns: NS.registry, name: "renew" }, ({ payload, from }) => {
		const lines = decodeRenew(payload);
		const unknown = new Set<InstanceName>(registry.renew(from, lines, node.now()));
		return encodeRenewed(lines.filter((line) => unknown.has(line) || isOutdated(line)));
	});
	/** Its provider is to register it again, and gets the rules with that. One that drains takes no calls to judge. */
	const isOutdated = (line: Heartbeat): boolean => {
		const instance = registry.find(line);
		return line.state === "available" && instance !== undefined && !grants.isCurrent(instance);
	};
	host.onPolicy(() => {
		const registered = registry.services().flatMap((service) => registry.instances(service));
		const refused = registered.filter((each) => !host.owners.lets(each.node, each.service));
		registry.removeAll(refused);
		if (refused.length > 0) {
			const message = "instances that policy no longer lets their accounts register, and which are taken out";
			node.log.warn(`${message}: ${refused.length}`);
		}
	});

	handleSet(node, { ns: NS.registry, name: "deregister" }, ({ payload, from }) => {
		const name = decodeInstanceName(payload);
		if (registry.remove(name, from)) {
			gone.say((more) => node.log.info(`${from} has taken out ${name.service}/${name.instance}${more}`));
		}
		return undefined;
	});

	// The XMPP server says that a session which showed itself to the domain has ended.
	node.onPresence("unavailable", ({ from }) => {
		comings.gone(from);
		if (registry.removeNode(from).length > 0) gone.say((more) => node.log.info(`${from} has gone${more}`));
	});

	host.onChange((service) => host.owners.use(service));
	node.every(USED_EVERY_MS, () => {
		for (const service of registry.services()) host.owners.use(service);
	});

	const periodMs = limits.leaseMs / SWEEPS_IN_LEASE;
	node.every(periodMs, () => {
		// Renewals that could not be heard may have been sent; of those that can, some are still waiting to be read.
		registry.forgive(host.hearing.deafMs(periodMs), node.now());
		const [first, ...others] = registry.expire(node.now() - limits.leaseMs);
		if (first === undefined) return;
		const one = `${first.service}/${first.instance} at ${first.node}`;
		const [what, is] = others.length === 0 ? [`${one} was`, "is"] : [`${one} and ${others.length} more were`, "are"];
		forgotten.say((more) => node.log.warn(`${what} not heard of for ${limits.leaseMs} ms and ${is} forgotten${more}`));
	});
};

/** An account without resource has no process behind it that could be called. */
function requireNode(from: Jid): void {
	if (from.resource !== undefined) return;
	throw new BusError("invalid-argument", `${from} is no full JID: only a connected node can serve`);
}

/** A process that was killed may come back before its old session has ended: the old holder is asked whether it is there. */
async function makeRoom(host: DomainHost, registration: Registration, from: Jid): Promise<void> {
	const { registry } = host;
	const holder = registry.find(registration);
	if (holder === undefined || holder.node.equals(from)) return;
	// Another account's instance is not put to the test by whoever asks for its name.
	if (!holder.node.bare().equals(from.bare())) return;
	if (!(await hasGone(host, holder.node))) return;
	if (registry.find(registration) === holder) registry.remove(registration, holder.node);
}

/** What servers answer for a session that has ended (RFC 6121, section 8.5.3.2.3; XEP-0198). */
const ENDED: ReadonlySet<StanzaCondition> = new Set(["service-unavailable", "recipient-unavailable", "item-not-found"]);

/** Whether a session has ended, or hangs. Whatever else it answers, it is there; and what could not be asked is not known. */
async function hasGone({ node, domain }: DomainHost, session: Jid): Promise<boolean> {
	const payload = xml("ping", NS.ping);
	try {
		const from = Jid.parse(domain);
		const answer = await node.ask({ type: "get", to: session, from, payload, timeoutMs: HOLDER_ANSWERS_MS });
		return answer.attr("type") === "error" && ENDED.has(decodeStanzaError(answer).condition);
	} catch (thrown) {
		return BusError.from(thrown).code === "deadline-exceeded";
	}
}
