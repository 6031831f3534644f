import {
	BusError,
	decodeFree,
	decodeNamesRequest,
	decodePageRequest,
	encodeFreed,
	encodeNames,
	isServiceName,
	type KeptName,
	MAX_KEPT_NAMES,
	NS,
	pageOf,
} from "@antiphon/protocol";
import { serialize } from "@antiphon/xml";
import { handleGet, handleSet } from "antiphon/modules";
import { requireAdmin } from "../host/administrators.js";
import type { DomainHost, DomainModule } from "../host/domain-host.js";

/** Of one answer: a stanza of 64 KiB can be sent everywhere (docs/protocol.md, "Limits"). */
const PAGE = { maxItems: MAX_KEPT_NAMES, maxBytes: 48 * 1024 };
/** Instances that a refusal names. */
const MAX_NAMED = 3;

/**
 * Administrators see which names of services are kept for whom, in pages, and give them up (docs/protocol.md, "Operating a
 * domain"; XEP-0059).
 */
export const names: DomainModule = (host) => {
	const { node, owners } = host;
	handleGet(node, { ns: NS.stats, name: "names" }, ({ payload, from }) => {
		requireAdmin(host, from, "see who owns which names");
		const asked = decodeNamesRequest(payload);
		// A state file that somebody wrote by hand may have what can be registered by nobody.
		const kept =
			asked === undefined ? owners.services().filter(isServiceName) : [asked].filter((each) => owners.has(each));
		const itemOf = (uid: string) => {
			const line = owners.kept(uid) as KeptName;
			return { uid, line, bytes: Buffer.byteLength(serialize(encodeNames([line]))) };
		};
		const { items, position } = pageOf(kept.sort(), itemOf, decodePageRequest(payload) ?? {}, PAGE);
		return encodeNames(
			items.map(({ line }) => line),
			position.count === 0 ? undefined : position,
		);
	});

	handleSet(node, { ns: NS.stats, name: "free" }, ({ payload, from }) => {
		requireAdmin(host, from, "give names up");
		const { service, owner } = freeable(host, decodeFree(payload));
		owners.free(service);
		node.log.info(`${owner} no longer owns ${service}: ${from.bare()} has given the name up`);
		return encodeFreed({ service, owner });
	});
};

/** @throws BusError `not-found`, `conflict`, `unavailable`, in words that say what to do */
function freeable({ owners, registry, hearing, domain }: DomainHost, service: string): KeptName {
	const name = owners.kept(service);
	if (name === undefined) throw new BusError("not-found", `${domain} keeps no name ${service}: it is free`);
	if (name.isFixed) {
		const what = "take it out of `owners` in the config and start the host again";
		throw new BusError("conflict", `${service} is fixed by the configuration of ${domain}: ${what}`);
	}
	if (name.isServed) {
		const instances = registry.instances(service).map(({ instance }) => instance);
		const more = instances.length > MAX_NAMED ? ` and ${instances.length - MAX_NAMED} more` : "";
		const whom = instances.slice(0, MAX_NAMED).join(", ") + more;
		throw new BusError("conflict", `${service} is served now: drain its instances first (${whom})`);
	}
	const { settlingMs } = hearing;
	if (settlingMs > 0) {
		const why = `the host has just come online, and instances of ${service} may not have registered again yet`;
		throw new BusError("unavailable", `${why}: try again in ${Math.ceil(settlingMs / 1_000)} s`, { executed: "no" });
	}
	return name;
}
