import {
	BusError,
	decodeLeaseRenewal,
	decodePull,
	decodeRelease,
	decodeSettle,
	encodePulling,
	encodeRecorded,
	encodeReleased,
	encodeRenewedLeases,
	type InstanceName,
	type Jid,
	type LeaseAnswer,
	legible,
	NS,
	type Outcome,
} from "@antiphon/protocol";
import { handleSet, readOutcomeText } from "antiphon/modules";
import type { DomainModule } from "../host/domain-host.js";
import { STRANGERS } from "../queueing/asks.js";
import type { QueueRunner } from "../queueing/queue-runner.js";
import { unexpected } from "../queueing/results.js";
import { tellable } from "../queueing/sizes.js";

/** Of what an error says, as it is remembered of a run. */
const MAX_MESSAGE_CHARS = 200;

/**
 * Providers pull calls, and say what has become of them (docs/protocol.md, "Durable calls"). Only the node that has registered
 * an instance pulls for it. Of leases the queue believes whoever has the bare JID of the holder, and the token.
 */
export function leases(runner: QueueRunner): DomainModule {
	return ({ node, registry, owners, onChange, domain }) => {
		/** By service and instance: the nodes that pull. */
		const pulling = new Map<string, Map<string, string>>();
		/** What those say of leases who have nothing to do with providing is within the bounds of one caller. */
		const bounded = (who: Jid) => (registry.hasOf(who) || owners.isOwner(who) ? undefined : STRANGERS);
		const isRegistered = (name: InstanceName, by: Jid) => registry.find(name)?.node.equals(by) === true;

		onChange((service) => {
			const instances = pulling.get(service);
			for (const [instance, by] of instances ?? []) {
				if (registry.find({ service, instance })?.node.toString() === by) continue;
				instances?.delete(instance);
				runner.tell({ type: "provider-gone", service, instance });
			}
			if (instances?.size === 0) pulling.delete(service);
		});

		handleSet(node, { ns: NS.delivery, name: "pull" }, async ({ payload, from }) => {
			runner.gate.requireGiving();
			const { service, instance, ...pull } = decodePull(payload);
			const registered = registry.find({ service, instance });
			if (registered === undefined || !registered.node.equals(from)) {
				const what = `${from} has not registered ${service}/${instance} in ${domain}`;
				throw new BusError("not-found", `${what}: only the node that has can take calls for it`);
			}
			const by = from.toString();
			pulling.set(service, (pulling.get(service) ?? new Map<string, string>()).set(instance, by));
			const { version } = registered;
			const result = await runner.asks.ask((ask) => ({
				type: "pull",
				ask,
				service,
				instance,
				node: by,
				version,
				...pull,
			}));
			if (result.is === "pulling") return encodePulling(result.leaseMs);
			throw unexpected(result);
		});

		handleSet(node, { ns: NS.delivery, name: "settle" }, async ({ payload, from }) => {
			runner.gate.requireOpen();
			const [by, account] = [from.bare().toString(), bounded(from)];
			const answers = decodeSettle(payload).map(async (item): Promise<LeaseAnswer> => {
				const { n, token, error } = item;
				if (error !== undefined) return { n, token, error };
				const outcome = tellable(readOutcomeText(item.outcome), node.maxStanzaBytes);
				const settled = { type: "settle", from: by, n, token, outcome, message: toldIn(item.outcome) } as const;
				const result = await runner.asks.ask((ask) => ({ ...settled, ask }), account);
				return result.is === "recorded" ? { n, token } : { n, token, error: unexpected(result) };
			});
			return encodeRecorded(await Promise.all(answers));
		});

		handleSet(node, { ns: NS.delivery, name: "renew" }, async ({ payload, from }) => {
			runner.gate.requireOpen();
			const { service, instance, leases: items } = decodeLeaseRenewal(payload);
			const by = from.bare().toString();
			const renewal = { type: "renew", from: by, service, instance, items } as const;
			const result = await runner.asks.ask((ask) => ({ ...renewal, ask }), bounded(from));
			if (result.is !== "renewed") throw unexpected(result);
			// What another node pulls for is no business of this one, which has to register first.
			const isPulling = result.isPulling && isRegistered({ service, instance }, from);
			return encodeRenewedLeases({ ...result, isPulling });
		});

		handleSet(node, { ns: NS.delivery, name: "release" }, async ({ payload, from }) => {
			runner.gate.requireOpen();
			const { leases: released, retryAfterMs } = decodeRelease(payload);
			const [by, account] = [from.bare().toString(), bounded(from)];
			const results = await Promise.all(
				released.map((lease) =>
					runner.asks.ask((ask) => ({ type: "release", ask, from: by, retryAfterMs, ...lease }), account),
				),
			);
			const refused = results.find(({ is }) => is !== "released");
			if (refused !== undefined) throw unexpected(refused);
			return encodeReleased();
		});
	};
}

/** What an error says: kept beside the outcome, which those who administer calls do not see. */
function toldIn({ element, code }: Outcome): string | undefined {
	const text = code === undefined ? undefined : element.attr("text");
	return text === undefined ? undefined : legible(text, MAX_MESSAGE_CHARS);
}
