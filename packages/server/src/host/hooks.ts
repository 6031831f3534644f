import type { ClientSession } from "../peers/client-session.js";

/**
 * - `closed`: a session's stream is over; it is out of its account's table already.
 * - `receptive`: a session has become available with a priority of 0 or more, so it takes messages for the bare JID.
 * - `available`: a session has sent its initial presence.
 */
export type HookName = "closed" | "receptive" | "available";

/** Listeners by hook, called in the order in which they came. */
export class Hooks {
	readonly #listeners: Record<HookName, Set<(session: ClientSession) => void>> = {
		closed: new Set(),
		receptive: new Set(),
		available: new Set(),
	};

	on(hook: HookName, listener: (session: ClientSession) => void): () => void {
		this.#listeners[hook].add(listener);
		return () => void this.#listeners[hook].delete(listener);
	}

	emit(hook: HookName, session: ClientSession): void {
		for (const listener of this.#listeners[hook]) listener(session);
	}
}
