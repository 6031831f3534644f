import {
	type Core,
	Engine,
	type EngineTime,
	type Journal,
	JournalClock,
	type Store,
	StoreError,
} from "@antiphon/delivery";
import { BusError } from "@antiphon/protocol";

/** What a core is run with. */
export interface EngineOptions<Event, Effect> {
	readonly store: Store;
	/** Of the journal: `outbox`, `inbox`. */
	readonly name: string;
	/** Makes the core, once it is known what its journal is. */
	core(journal: Journal): Core<Event, Effect>;
	/** Does what the core wants. */
	release(effects: readonly Effect[]): void;
	/** These have not been decided about, and will not be. */
	refuse(events: readonly Event[], error: BusError): void;
	/** Whether an event that found no room is decided about again a second later, instead of being refused. */
	keeps(event: Event): boolean;
	/** Whether such an event may be decided about behind those that came after it. Default: none. */
	readonly mayComeLast?: (event: Event) => boolean;
	/** The journal cannot be used any more. */
	ended(error: BusError): void;
	/** Default: the time of the journal passes while it is open. */
	time?(journal: Journal): EngineTime;
	/** Runs an action when what is going on now is done. Default: `setImmediate`. */
	soon?(action: () => void): void;
}

/** How soon it may be worth another try when there was no room, in milliseconds. */
const FULL_RETRY_MS = 1_000;

/**
 * Opens a journal and runs a core on it, by the clocks of this process. What comes in one turn of the event loop is decided
 * about together.
 * @throws BusError `conflict` when another process has the journal open; `internal` when it cannot be read
 */
export async function runOnJournal<Event, Effect>(
	options: EngineOptions<Event, Effect>,
): Promise<Engine<Event, Effect>> {
	const { store, name, release, refuse, keeps, mayComeLast, ended, time = timeOf, soon = setImmediate } = options;
	const errorOf = (thrown: unknown) => journalError(`the ${name} (${store.kind})`, thrown);
	let journal: Journal | undefined;
	try {
		journal = await store.open(name);
		return new Engine<Event, Effect>({
			core: options.core(journal),
			journal,
			time: time(journal),
			clock: {
				after: (delayMs, action) => {
					const timer = setTimeout(action, delayMs);
					return () => clearTimeout(timer);
				},
			},
			soon,
			release,
			refuse: (events, error) => refuse(events, errorOf(error)),
			keeps,
			mayComeLast,
			ended: (error) => ended(errorOf(error)),
		});
	} catch (thrown) {
		await new Promise<void>((resolve) => (journal === undefined ? resolve() : journal.close(resolve)));
		throw errorOf(thrown);
	}
}

function timeOf({ view }: Journal): EngineTime {
	return new JournalClock(view, { monotonic: () => performance.now(), wall: () => Date.now() });
}

/** What a journal that does not store means for those who rely on it. */
function journalError(what: string, thrown: unknown): BusError {
	if (!(thrown instanceof StoreError)) {
		return new BusError("internal", `${what} cannot be opened: ${BusError.from(thrown).message}`, { cause: thrown });
	}
	const { kind, message } = thrown;
	switch (kind) {
		case "full":
			return new BusError("overloaded", `${what} is full: ${message}`, { retryAfterMs: FULL_RETRY_MS, cause: thrown });
		case "lost":
			return new BusError("conflict", `${what} is in other hands: ${message}`, { executed: "unknown", cause: thrown });
		case "failed":
			return new BusError("internal", `${what} has failed: ${message}`, { cause: thrown });
	}
}
