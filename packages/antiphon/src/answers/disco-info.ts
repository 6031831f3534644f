import { BusError, encodeDiscoInfo, NS } from "@antiphon/protocol";
import { handleGet } from "../host/handle-iq.js";
import type { NodeModule } from "../host/node-host.js";
import { askedHash, capabilitiesOf } from "./capabilities.js";
import { existing } from "./existing.js";
import { infoOf } from "./subject-info.js";

/**
 * XEP-0030 disco#info: a node, its services and functions. Asked for the hash that presence has told (XEP-0115,
 * section 6.2) it answers the same, as long as that is the hash.
 */
export const discoInfo: NodeModule = (host) => {
	host.feature(NS.discoInfo);
	host.feature(NS.caps);
	handleGet(host, { ns: NS.discoInfo, name: "query" }, (incoming) => {
		const node = incoming.payload.attr("node");
		const hash = askedHash(node);
		const subject = existing(host, incoming, hash === undefined ? node : undefined);
		if (hash !== undefined && hash !== capabilitiesOf(host, subject).ver) {
			throw new BusError("not-found", `${incoming.to} does not have these capabilities, or no longer`);
		}
		return encodeDiscoInfo(infoOf(host, subject), node);
	});
};
