import {
	BusError,
	type CallName,
	decodeOutcomes,
	encodeReceived,
	type Item,
	NS,
	type ToldOutcome,
} from "@antiphon/protocol";
import { readOutcomeText } from "../calls/outcome-text.js";
import { handleSet } from "../host/handle-iq.js";
import type { NodeModule } from "../host/node-host.js";
import type { OutboxRunner } from "./outbox-runner.js";

/** How long the outbox may take to keep what it is told, in milliseconds. The domain tells it again. */
const KEEP_MS = 30_000;

/** Takes from domains what has come of durable calls (docs/protocol.md, "The outcome"). */
export function outcomesTold(outbox: OutboxRunner): NodeModule {
	return (host) => {
		handleSet(host, { ns: NS.delivery, name: "outcome" }, async ({ from, payload }) => {
			const sender = from.bare().toString();
			return encodeReceived(await Promise.all(decodeOutcomes(payload).map((item) => take(outbox, sender, item))));
		});
	};
}

async function take(
	outbox: OutboxRunner,
	from: string,
	item: Item<CallName, ToldOutcome>,
): Promise<Item<CallName, CallName>> {
	const { id } = item;
	if (item.error !== undefined) return item;
	const { attempts, outcome } = item;
	try {
		const patience = { deadlineMs: performance.now() + KEEP_MS };
		await outbox.told(from, { id, attempts, outcome: readOutcomeText(outcome) }, patience);
		return { id };
	} catch (thrown) {
		return { id, error: BusError.from(thrown) };
	}
}
