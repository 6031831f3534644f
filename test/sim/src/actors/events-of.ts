import type { QueueEvent, TakenEvent, UndeliveredEvent } from "@antiphon/delivery";
import type { Body, Taken } from "../wire.js";

/** What the queue is told of a delivery's answer. */
export function takenEvent({ n, token, refusal, retryAfterMs }: Taken): TakenEvent | UndeliveredEvent {
	if (refusal === undefined) return { type: "taken", n, token };
	return { type: "undelivered", n, token, why: refusal, retryAfterMs };
}

/** What a stanza tells the queue: as many events as it has items that are answered. */
export function eventsOf(body: Body, sender: string, from: string): ((ask: number) => QueueEvent)[] {
	switch (body.is) {
		case "submit":
			return body.items.map(({ submission, notify }) => (ask) => ({
				type: "submit",
				ask,
				sender,
				notify: notify ? from : undefined,
				submission,
			}));
		case "await":
			return body.items.map(({ id }) => (ask) => ({
				type: "await",
				ask,
				sender,
				id,
				notify: body.notify ? from : undefined,
			}));
		case "cancel":
			return body.items.map(({ id, expiresMs }) => (ask) => ({ type: "cancel", ask, sender, id, expiresMs }));
		case "pull": {
			const { is: _is, items, ...rest } = body;
			return [(ask) => ({ type: "pull", ask, node: from, ...rest, held: items })];
		}
		case "settle":
			return body.items.map((item) => (ask) => ({ type: "settle", ask, from: sender, ...item }));
		case "renew": {
			const { service, instance, items } = body;
			return [(ask) => ({ type: "renew", ask, from: sender, service, instance, items })];
		}
		case "release":
			return body.items.map((item) => (ask) => ({ type: "release", ask, from: sender, ...item }));
		case "survey":
			return [(ask) => ({ type: "survey", ask })];
		case "retry":
		case "redrive":
		case "purge":
			return body.items.map(({ n }) => (ask) => ({ type: body.is, ask, n }));
		case "unavailable":
			return [() => ({ type: "caller-gone", address: from })];
		default:
			return [];
	}
}
