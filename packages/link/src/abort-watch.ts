/**
 * Lets many wait for the same signals at the price of one listener for each signal. An AbortSignal that lives as long as
 * the process is often shared by every call, and warns of a leak from the eleventh listener on.
 */
export class AbortWatch {
	readonly #watched = new Map<AbortSignal, Watched>();

	/** Calls `onAbort` once, when the signal aborts. @returns what calls that off */
	add(signal: AbortSignal, onAbort: () => void): () => void {
		const { waiting } = this.#watched.get(signal) ?? this.#watch(signal);
		waiting.add(onAbort);
		return () => {
			if (waiting.delete(onAbort) && waiting.size === 0) this.#unwatch(signal);
		};
	}

	#watch(signal: AbortSignal): Watched {
		const waiting = new Set<() => void>();
		const listener = () => {
			this.#unwatch(signal);
			const all = [...waiting];
			waiting.clear();
			for (const onAbort of all) onAbort();
		};
		const watched = { waiting, listener };
		this.#watched.set(signal, watched);
		signal.addEventListener("abort", listener);
		return watched;
	}

	#unwatch(signal: AbortSignal): void {
		const watched = this.#watched.get(signal);
		if (watched !== undefined) signal.removeEventListener("abort", watched.listener);
		this.#watched.delete(signal);
	}
}

interface Watched {
	readonly waiting: Set<() => void>;
	readonly listener: () => void;
}
