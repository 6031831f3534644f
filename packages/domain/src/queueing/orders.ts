import type { QueueEvent, QueueResult } from "@antiphon/delivery";
import {
	BusError,
	type CallNumber,
	decodeOrder,
	encodeOrdered,
	type Item,
	NS,
	ORDERS,
	type Order,
	type Ordered,
} from "@antiphon/protocol";
import { handleSet } from "antiphon/modules";
import { requireAdmin } from "../host/administrators.js";
import type { DomainHost } from "../host/domain-host.js";
import type { QueueRunner } from "./queue-runner.js";
import { unexpected } from "./results.js";

type Asking = Extract<QueueEvent, { readonly ask: number }>;

export interface OrderParts {
	readonly order: Order;
	/** What is done to durable calls, as in `may not …`. */
	readonly what: string;
	/** What the queue is asked for the call of a number. @throws BusError when that makes no sense */
	event(n: number, ask: number): Asking;
	/** What was done. @throws BusError when it was not */
	done(n: number, result: QueueResult): Ordered;
}

/** Does for administrators something with calls that they name. What is refused of one call touches none of the others. */
export function handleOrder(host: DomainHost, runner: QueueRunner, { order, what, event, done }: OrderParts): void {
	handleSet(host.node, { ns: NS.queue, name: order }, async ({ payload, from }) => {
		requireAdmin(host, from, what);
		runner.gate.requireOpen();
		const by = from.bare().toString();
		const each = async (n: number): Promise<Item<CallNumber, Ordered>> => {
			try {
				return done(n, await runner.asks.ask((ask) => event(n, ask), by));
			} catch (thrown) {
				return { n, error: BusError.from(thrown) };
			}
		};
		const answers = await Promise.all(decodeOrder(payload).map(each));
		const numbers = answers.filter(({ error }) => error === undefined).map(({ n }) => n);
		if (numbers.length > 0) host.node.log.info(`${by} has ${ORDERS[order]} durable calls: ${numbers.join(", ")}`);
		return encodeOrdered(order, answers);
	});
}

/** @throws BusError when the queue has answered something else */
export function requireResult(n: number, result: QueueResult, is: QueueResult["is"]): Ordered {
	if (result.is !== is) throw unexpected(result);
	return { n };
}
