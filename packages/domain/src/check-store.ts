import { inspectQueue, type QueueInspection, type Store, StoreError, type Usage } from "@antiphon/delivery";
import { BusError } from "@antiphon/protocol";
import { readsAsKnown } from "./queueing/functions-known.js";

/** What a domain keeps in its store. */
export interface StoreReport extends QueueInspection, Usage {}

/**
 * Reads all that a domain keeps in its store. Nobody else may have it open meanwhile; nothing of what is kept is changed.
 * @throws BusError `unavailable` when a domain runs with it, or another process has it; `internal` when it cannot be opened
 */
export async function checkStore(store: Store): Promise<StoreReport> {
	const journal = await store.open("queue").catch((thrown: unknown) => {
		throw notOpened(store, thrown);
	});
	try {
		return { ...inspectQueue(journal.view, readsAsKnown), ...journal.usage() };
	} finally {
		await new Promise<void>((resolve) => journal.close(resolve));
	}
}

function notOpened({ kind }: Store, thrown: unknown): BusError {
	const { message } = BusError.from(thrown);
	if (thrown instanceof StoreError && thrown.kind === "lost") {
		const why = `a domain runs with it: stop that first, or ask it while it runs`;
		return new BusError("unavailable", `${kind} cannot be looked at while ${why} (${message})`, { cause: thrown });
	}
	const text = thrown instanceof StoreError ? thrown.message : message;
	return new BusError("internal", `${kind} cannot be looked at: ${text}`, { cause: thrown });
}
