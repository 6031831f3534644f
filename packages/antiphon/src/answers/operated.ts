import {
	BusError,
	decodeDrain,
	decodeReportRequest,
	encodeReport,
	type InstanceName,
	type Jid,
	NS,
} from "@antiphon/protocol";
import type { Denials } from "../bounds/denials.js";
import { handleGet, handleSet } from "../host/handle-iq.js";
import type { NodeModule } from "../host/node-host.js";
import type { Operable, Serving } from "../serving/serving.js";

/**
 * What the domain with which an instance is registered may ask of it: what its calls came to, and that it drains
 * (docs/protocol.md, "Operating a domain"). Nobody else may: it is the domain that knows its administrators. So in a
 * domain that the node owns, which has no policy, nobody may.
 */
export function operated(serving: Serving, denials: Denials): NodeModule {
	return (host) => {
		host.feature(NS.stats);
		const operable = ({ service, instance }: InstanceName, from: Jid): Operable => {
			const found = serving.find({ service, instance });
			if (found?.local.trusts(from)) return found;
			return denials.deny(`${service}/${instance} is not registered with ${from.bare()}: only its domain may ask this`);
		};
		handleGet(host, { ns: NS.stats, name: "report" }, ({ payload, from }) => {
			const asked = decodeReportRequest(payload);
			return encodeReport(operable(asked, from).local.stats.report(asked.fn));
		});
		handleSet(host, { ns: NS.stats, name: "drain" }, ({ payload, from }) => {
			const { service = "", instance } = decodeDrain(payload);
			const { drain } = operable({ service, instance }, from);
			host.log.info(`${service}/${instance} drains: ${from.domain} asks for it`);
			// It takes as long as the calls that run; that it has begun is the answer.
			drain().catch((error: unknown) => {
				host.log.error(`${service}/${instance} did not drain: ${BusError.from(error).message}`);
			});
			return undefined;
		});
	};
}
