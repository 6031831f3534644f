import type { LeaseRef, LeaseResult, PullEffect, ReleaseEffect, RenewEffect, SettleEffect } from "@antiphon/delivery";
import {
	decodePulling,
	decodeRecorded,
	decodeReleased,
	decodeRenewedLeases,
	encodeLeaseRenewal,
	encodePull,
	encodeRelease,
	encodeSettle,
} from "@antiphon/protocol";
import type { Element } from "@antiphon/xml";
import { outcomeFrom, refusalOf } from "../calls/outcome-text.js";
import { batches } from "../host/batches.js";

/** What the inbox wants to ask of a domain. */
export type LeaseEffect = PullEffect | RenewEffect | SettleEffect | ReleaseEffect;

/** Requests of the inbox that go in one stanza. */
export type LeaseAsking =
	| { readonly type: "pull"; readonly items: readonly [PullEffect] }
	| { readonly type: "renew"; readonly items: readonly [RenewEffect] }
	| { readonly type: "settle"; readonly items: readonly SettleEffect[] }
	| { readonly type: "release"; readonly items: readonly ReleaseEffect[] };

/** Puts together what can go in one stanza. Outcomes that are reported after a pull follow it, which tells who has them. */
export function leaseAskings(effects: readonly LeaseEffect[]): LeaseAsking[] {
	const settles: SettleEffect[] = [];
	const releases: ReleaseEffect[] = [];
	const askings: LeaseAsking[] = [];
	for (const effect of effects) {
		if (effect.type === "pull") askings.push({ type: "pull", items: [effect] });
		if (effect.type === "renew") askings.push({ type: "renew", items: [effect] });
		if (effect.type === "settle") settles.push(effect);
		if (effect.type === "release") releases.push(effect);
	}
	const bytes = ({ outcome }: SettleEffect) => Buffer.byteLength(outcome.text);
	for (const items of batches(settles, placeOf, bytes)) askings.push({ type: "settle", items });
	const wish = (release: ReleaseEffect) => `${placeOf(release)}\n${release.retryAfterMs ?? ""}`;
	for (const items of batches(releases, wish)) askings.push({ type: "release", items });
	return askings;
}

/** What asks for these. */
export function leaseRequest(asking: LeaseAsking): Element {
	switch (asking.type) {
		case "pull":
			return encodePull(asking.items[0]);
		case "renew": {
			const [{ service, instance, items }] = asking.items;
			return encodeLeaseRenewal({ service, instance, leases: items });
		}
		case "settle":
			return encodeSettle(asking.items.map(({ n, token, outcome }) => ({ n, token, outcome: outcomeFrom(outcome) })));
		case "release": {
			const retryAfterMs = asking.items[0]?.retryAfterMs;
			return encodeRelease({
				retryAfterMs,
				leases: asking.items.map(({ n, token, executed, afterMs }) => ({ n, token, executed, afterMs })),
			});
		}
	}
}

/** What the answer says, by the numbers of requests. @throws BusError `protocol` */
export function leaseResults(asking: LeaseAsking, answer: Element | undefined): ReadonlyMap<number, LeaseResult> {
	const all = (result: LeaseResult) => new Map(asking.items.map(({ request }) => [request, result]));
	switch (asking.type) {
		case "pull":
			return all({ is: "pulling", leaseMs: decodePulling(answer) });
		case "renew":
			return all({ is: "renewed", ...decodeRenewedLeases(answer) });
		case "release":
			decodeReleased(answer);
			return all({ is: "released" });
		case "settle": {
			const requests = new Map(asking.items.map((item) => [nameOf(item), item.request]));
			const results = new Map<number, LeaseResult>();
			for (const item of decodeRecorded(answer)) {
				const request = requests.get(nameOf(item));
				const { error } = item;
				if (request === undefined) continue;
				results.set(request, error === undefined ? { is: "recorded" } : { is: "refused", refusal: refusalOf(error) });
			}
			return results;
		}
	}
}

const placeOf = ({ domain, service, instance }: LeaseEffect) => `${domain}\n${service}\n${instance}`;
const nameOf = ({ n, token }: LeaseRef) => `${n} ${token}`;
