import type { Place } from "@antiphon/delivery";
import {
	BusError,
	callDigest,
	decodeDeliver,
	decodeLost,
	decodePullAgain,
	encodeTaken,
	type Jid,
	type LeaseAnswer,
	NS,
	type ReadDeliver,
} from "@antiphon/protocol";
import { serialize } from "@antiphon/xml";
import { handleSet } from "../host/handle-iq.js";
import type { NodeModule } from "../host/node-host.js";
import type { InboxRunner } from "./inbox-runner.js";
import type { Serving } from "./serving.js";

/** Takes from domains the calls that they lease to instances of this node, and hints (docs/protocol.md, "Delivery"). */
export function deliveries(inbox: InboxRunner, serving: Pick<Serving, "isPlace" | "isServedIn">): NodeModule {
	return (host) => {
		handleSet(host, { ns: NS.delivery, name: "deliver" }, async ({ from, payload }) => {
			const deliver = decodeDeliver(payload);
			const place = { domain: from.domain, service: from.local ?? "", instance: deliver.instance };
			if (!serving.isPlace(place)) throw new BusError("not-found", `${place.service} is not served here for ${from}`);
			return encodeTaken(await Promise.all(deliver.calls.map((call) => take(inbox, place, deliver, call))));
		});
		host.handle("message", { ns: NS.delivery, name: "lost" }, ({ from, payload }) => {
			if (isService(from) && serving.isServedIn(from.domain)) inbox.lost(from.domain, decodeLost(payload));
		});
		host.handle("message", { ns: NS.delivery, name: "pull-again" }, ({ from, payload }) => {
			const place = { domain: from.domain, ...decodePullAgain(payload) };
			if (isDomain(from) && serving.isPlace(place)) inbox.pullNow(place);
		});
	};
}

/** The queue speaks as the domain itself, or as the service that a call is for. */
const isDomain = ({ local, resource }: Jid) => local === undefined && resource === undefined;
const isService = ({ local, resource }: Jid) => local !== undefined && resource === undefined;

async function take(
	inbox: InboxRunner,
	place: Place,
	{ session, number, low, leaseMs }: ReadDeliver,
	item: ReadDeliver["calls"][number],
): Promise<LeaseAnswer> {
	const { n, token } = item;
	if (item.error !== undefined) return { n, token, error: item.error };
	const { serial, id, attempt, delivery, origin, head } = item;
	const { fn, version = "", ttlMs } = head;
	const sender = head.for.bare().toString();
	const call = { fn, version, text: serialize(item.call), digest: callDigest(item.call, head) };
	const lease = { session, number, low, leaseMs, n, token, serial };
	try {
		await inbox.deliver({ ...place, ...lease, ttlMs, attempt, sender, id, delivery, origin, call });
		return { n, token };
	} catch (thrown) {
		return { n, token, error: BusError.from(thrown) };
	}
}
