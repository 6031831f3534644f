import {
	BusError,
	decodeReport,
	decodeStatisticsRequest,
	encodeReportRequest,
	encodeStatistics,
	NS,
	type Statistics,
	type StatisticsRequest,
} from "@antiphon/protocol";
import { type Element, serialize } from "@antiphon/xml";
import { handleGet } from "antiphon/modules";
import { askInstances } from "../asking/ask-instances.js";
import { Asking } from "../asking/asking.js";
import { StatisticsSum } from "../asking/statistics-sum.js";
import { requireAdmin } from "../host/administrators.js";
import type { DomainHost, DomainModule } from "../host/domain-host.js";
import type { Instance } from "../registry/registry.js";

/** Different questions that are being answered at once. */
const MAX_QUESTIONS = 8;
/** Of one answer: a stanza of 64 KiB can be sent everywhere (docs/protocol.md, "Limits"). */
const MAX_BYTES = 60 * 1024;
/** Instances that one question may concern. */
const MAX_ASKED = 1024;

/**
 * Administrators see what calls came to. Each instance counts its own; here they are asked, and added up
 * (docs/protocol.md, "Operating a domain").
 */
export const stats: DomainModule = (host) => {
	const asking = new Asking(MAX_QUESTIONS);
	handleGet(host.node, { ns: NS.stats, name: "stats" }, ({ payload, from }) => {
		requireAdmin(host, from, "see statistics");
		const asked = decodeStatisticsRequest(payload);
		return asking.once(JSON.stringify(asked), async () => fitting(await statisticsOf(host, asked)));
	});
};

/** As an answer that can be sent everywhere: if need be, without the last error of each instance. @throws BusError `too-large` */
function fitting(statistics: Statistics): Element {
	const functions = statistics.functions.map((each) => ({
		...each,
		instances: each.instances.map((one) => ({ ...one, lastError: undefined })),
	}));
	for (const each of [statistics, { ...statistics, functions }]) {
		const answer = encodeStatistics(each);
		if (Buffer.byteLength(serialize(answer)) <= MAX_BYTES) return answer;
	}
	const message = `that is more than ${MAX_BYTES} bytes: name a service, a function or an instance`;
	throw new BusError("too-large", message);
}

async function statisticsOf(host: DomainHost, asked: StatisticsRequest): Promise<Statistics> {
	const { fn } = asked;
	const sum = new StatisticsSum();
	await askInstances(host, concerned(host, asked), {
		type: "get",
		payload: ({ service, instance }) => encodeReportRequest({ service, instance, fn }),
		onAnswer: (instance, answer) => sum.add(instance, decodeReport(answer)),
		onFailure: ({ service, instance }, { code, message }) => sum.addSilent({ service, instance, code, message }),
		goesOn: () => !sum.isTooMuch,
	});
	const statistics = sum.result();
	if (fn !== undefined && statistics.functions.length + statistics.silent.length === 0) {
		throw new BusError("not-found", `no instance of ${asked.service} has a function ${fn}`);
	}
	return statistics;
}

/** @throws BusError `not-found`, `unavailable`, `too-large` */
function concerned({ registry, owners, domain }: DomainHost, asked: StatisticsRequest): Instance[] {
	const { service, instance } = asked;
	const services = service === undefined ? registry.services() : [service];
	const all = services.flatMap((each) => registry.instances(each));
	const found = instance === undefined ? all : all.filter((each) => each.instance === instance);
	if (found.length > MAX_ASKED) {
		const message = `that concerns ${found.length} instances, more than ${MAX_ASKED}: name a service or an instance`;
		throw new BusError("too-large", message);
	}
	if (found.length > 0) return found;
	if (instance !== undefined) throw new BusError("not-found", `no instance ${instance} is registered`);
	if (service === undefined) return [];
	if (owners.has(service)) throw new BusError("unavailable", `nobody serves ${service}@${domain} at the moment`);
	throw new BusError("not-found", `${domain} knows of no service ${service}`);
}
