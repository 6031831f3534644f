import { isServedBy } from "@antiphon/contract";
import { Queue, type Store } from "@antiphon/delivery";
import type { Link } from "@antiphon/link";
import type { BusError, Log } from "@antiphon/protocol";
import { faultText } from "antiphon/modules";
import { type DomainLimits, queueLimits } from "../limits.js";
import { QueueRunner } from "./queue-runner.js";

export interface QueueHome {
	readonly link: Link;
	readonly log: Log;
	/** The domain whose accounts are at home here. */
	readonly home: string;
	readonly limits: DomainLimits;
}

/**
 * The queue of a domain that has a store, and says where that is. When its journal fails, the link ends with the cause.
 * @throws BusError `conflict` when another process has the journal; `internal` when it cannot be read
 */
export async function openQueue(store: Store | undefined, home: QueueHome): Promise<QueueRunner | undefined> {
	if (store === undefined) return undefined;
	const { link, log } = home;
	const limits = queueLimits(home.limits);
	const core = new Queue({ fault: faultText, fits: isServedBy, home: home.home, limits });
	const ended = (error: BusError) => link.destroy(error);
	const { keepMs, takenMs } = limits;
	const queue = await QueueRunner.open({ store, core, keepMs, takenMs, home: home.home, ended });
	log.info(`durable calls are kept ${store.isDurable ? `on disk: ${store.kind}` : "in memory"}`);
	return queue;
}
