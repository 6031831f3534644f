import { isServedBy } from "@antiphon/contract";
import { Queue, type Store } from "@antiphon/delivery";
import type { Link } from "@antiphon/link";
import type { BusError, Log } from "@antiphon/protocol";
import { faultText } from "antiphon/modules";
import { QueueRunner } from "./queue-runner.js";

/** For how long outcomes are kept at least, in milliseconds: a day. */
const KEEP_MS = 86_400_000;

export interface QueueHome {
	readonly link: Link;
	readonly log: Log;
	/** The domain whose accounts are at home here. */
	readonly home: string;
}

/**
 * The queue of a domain that has a store, and says where that is. When its journal fails, the link ends with the cause.
 * @throws BusError `conflict` when another process has the journal; `internal` when it cannot be read
 */
export async function openQueue(store: Store | undefined, home: QueueHome): Promise<QueueRunner | undefined> {
	if (store === undefined) return undefined;
	const { link, log } = home;
	const core = new Queue({ fault: faultText, fits: isServedBy, home: home.home, limits: { keepMs: KEEP_MS } });
	const ended = (error: BusError) => link.destroy(error);
	const queue = await QueueRunner.open({ store, core, keepMs: KEEP_MS, home: home.home, ended });
	log.info(`durable calls are kept ${store.isDurable ? `on disk: ${store.kind}` : "in memory"}`);
	return queue;
}
