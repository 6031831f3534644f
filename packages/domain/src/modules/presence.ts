import {
	type Capabilities,
	encodeCapabilities,
	isQualifiedName,
	isServiceName,
	Jid,
	NS,
	presence as presenceStanza,
} from "@antiphon/protocol";
import { type Element, xml } from "@antiphon/xml";
import { capabilitiesOf, type Subject } from "antiphon/modules";
import type { DomainHost, DomainModule } from "../host/domain-host.js";
import { ABSENT, type Health, healthOf, SHOW } from "../registry/health.js";

/** How often the health of what is watched is looked at, in milliseconds. */
const LOOK_MS = 1_000;
/** A provider that was not heard of for this share of its lease has missed a renewal. */
const LATE = 2 / 3;

/**
 * Presence is health: services, functions and the domain itself can be subscribed to, as any contact (RFC 6121,
 * sections 3 and 4), by whoever may call something of them. It names the hash of what disco#info answers (XEP-0115).
 * Policy is asked again whenever somebody is told; whom it no longer lets know is no subscriber any more.
 */
export const presence: DomainModule = (host) => {
	const { node, subscribers } = host;
	/** What subscribers were last told, by local part. */
	const told = new Map<string, string>();
	/** A host that has not heard of everybody does not say that somebody is not there, unless it has said otherwise. */
	const isOpen = (local: string, { health }: State) =>
		health.state === "unavailable" && host.hearing.settlingMs > 0 && !told.has(local);

	const refuse = (who: Jid, local: string) => {
		const address = addressOf(host, local);
		subscribers.remove(local, who);
		host.denied(`${who.bare()} may not see how ${address} is`);
		node.send(presenceStanza({ from: address, to: who.bare().toString(), type: "unsubscribed" }));
	};
	/** To all who may know, what there is to tell of an address. */
	const tell = (local: string, stanzaTo: (from: string, to: string) => Element) => {
		const from = addressOf(host, local);
		for (const account of [...subscribers.of(local)]) {
			const who = Jid.parse(account);
			if (maySee(host, who, local)) node.send(stanzaTo(from, account));
			else refuse(who, local);
		}
	};

	node.onPresence("subscribe", ({ from, to }) => {
		const { local = "" } = to;
		if (isAddress(local) && !maySee(host, from, local)) {
			refuse(from, local);
			return;
		}
		const granted = isAddress(local) && subscribers.add(local, from);
		node.send(presenceStanza({ ...between(to, from), type: granted ? "subscribed" : "unsubscribed" }));
		if (!granted) return;
		const now = stateAt(host, local);
		if (isOpen(local, now)) return;
		node.send(stanzaOf(addressOf(host, local), from.bare().toString(), now));
		// The first to subscribe has just heard it.
		if (!told.has(local)) told.set(local, lineOf(now));
	});
	node.onPresence("unsubscribe", ({ from, to }) => {
		subscribers.remove(to.local ?? "", from);
		node.send(presenceStanza({ ...between(to, from), type: "unsubscribed" }));
	});
	// The subscriber's server says that it no longer wants to know, or does not know of the subscription.
	node.onPresence("unsubscribed", ({ from, to }) => subscribers.remove(to.local ?? "", from));
	node.onPresence("probe", ({ from, to }) => {
		const { local = "" } = to;
		if (!subscribers.has(local, from)) {
			node.send(presenceStanza({ ...between(to, from), type: "unsubscribed" }));
			return;
		}
		if (!maySee(host, from, local)) {
			refuse(from, local);
			return;
		}
		const now = stateAt(host, local);
		if (!isOpen(local, now)) node.send(stanzaOf(addressOf(host, local), from.toString(), now));
	});

	const tellAll = () => {
		const healths = new Map<string, Health>();
		for (const local of subscribers.watched()) {
			const now = stateAt(host, local, healths);
			const line = lineOf(now);
			if (told.get(local) === line || isOpen(local, now)) continue;
			told.set(local, line);
			tell(local, (from, to) => stanzaOf(from, to, now));
		}
		for (const local of told.keys()) if (![...subscribers.of(local)].length) told.delete(local);
	};
	node.every(LOOK_MS, tellAll);
	host.onPolicy(() => {
		for (const local of subscribers.watched()) {
			for (const who of [...subscribers.of(local)].map((account) => Jid.parse(account))) {
				if (!maySee(host, who, local)) refuse(who, local);
			}
		}
	});
	node.onOnline(() => {
		// Nobody knows what subscribers have heard while the link was down.
		told.clear();
		tellAll();
	});
	host.onClosing(() => {
		for (const local of subscribers.watched()) {
			tell(local, (from, to) => presenceStanza({ from, to, type: "unavailable" }));
		}
	});
};

/** Whether a local part can be that of a service or function; the domain's own is empty. */
function isAddress(local: string): boolean {
	return local === "" || isServiceName(local) || isQualifiedName(local);
}

/** Whether policy lets somebody know how an address is. A function is judged by its own name, served or not. */
function maySee({ policy }: DomainHost, who: Jid, local: string): boolean {
	const [service = "", fn] = local.split(".");
	if (local === "") return true;
	return isAddress(local) && (fn === undefined ? policy.maySee(who, service) : policy.mayCall(who, service, fn));
}

const addressOf = ({ domain }: DomainHost, local: string) => (local === "" ? domain : `${local}@${domain}`);

const between = (from: Jid, to: Jid) => ({ from: from.bare().toString(), to: to.bare().toString() });

interface State {
	readonly health: Health;
	/** Of what is there (XEP-0115). */
	readonly capabilities: Capabilities | undefined;
}

/** As text: another means that there is something to tell. */
function lineOf({ health, capabilities }: State): string {
	return `${health.state} ${health.status} ${capabilities?.ver}`;
}

/** @param healths of services, as far as they were worked out before: of one whose functions are watched, once for all of these */
function stateAt(host: DomainHost, local: string, healths = new Map<string, Health>()): State {
	const { node } = host;
	const subject: Subject | undefined = local === "" ? { kind: "node" } : node.directory.find(local);
	const capabilities = subject === undefined ? undefined : capabilitiesOf(node, subject);
	return { health: subject === undefined ? ABSENT : healthAt(host, local, healths), capabilities };
}

/** The domain is well while it is there; a function is as its service is. */
function healthAt({ registry, node, limits, keeps }: DomainHost, local: string, healths: Map<string, Health>): Health {
	if (local === "") {
		const { length } = registry.services();
		const calls = keeps === undefined ? "" : `, durable calls ${keeps}`;
		return { state: "available", status: `${length} ${length === 1 ? "service" : "services"}${calls}` };
	}
	const service = local.split(".", 1)[0] ?? "";
	const health = healths.get(service) ?? healthOf(registry, service, node.now() - limits.leaseMs * LATE);
	healths.set(service, health);
	return health;
}

function stanzaOf(from: string, to: string, { health: { state, status }, capabilities }: State): Element {
	const text = xml("status", NS.client, {}, status);
	if (state === "unavailable") return presenceStanza({ from, to, type: "unavailable" }, text);
	const show = SHOW[state];
	return presenceStanza(
		{ from, to },
		...(show === undefined ? [] : [xml("show", NS.client, {}, show)]),
		text,
		...(capabilities === undefined ? [] : [encodeCapabilities(capabilities)]),
	);
}
