import { setTimeout as sleep } from "node:timers/promises";
import { BusError, type Node } from "antiphon";
import { type ConnectionFlags, withNode } from "./connection.js";

/** What no other look mends. */
const FINAL: ReadonlySet<string> = new Set(["forbidden", "unauthenticated", "invalid-argument"]);

export interface Watch {
	readonly everyMs: number;
	/** One look, which has the time of `--timeout`. */
	look(node: Node): Promise<void>;
	/** Gets why a look failed; the next one may not. */
	onError(error: BusError): void;
}

/** Looks again and again until SIGINT or SIGTERM, which end it in order. A first look that fails ends it. @throws BusError */
export async function watch(flags: ConnectionFlags, { everyMs, look, onError }: Watch): Promise<void> {
	const stop = new AbortController();
	const { signal } = stop;
	await withNode<void>(
		flags,
		async (node) => {
			let cause: BusError | undefined;
			void node.closed.then((closedBy) => {
				cause = closedBy;
				stop.abort();
			});
			for (let isFirst = true; !signal.aborted; isFirst = false) {
				try {
					await look(node);
				} catch (thrown) {
					const error = BusError.from(thrown);
					if (isFirst || FINAL.has(error.code)) throw error;
					if (!signal.aborted) onError(error);
				}
				await sleep(everyMs, undefined, { signal }).catch(() => {});
			}
			if (cause !== undefined) throw cause;
		},
		{ onInterrupt: () => stop.abort() },
	);
}
