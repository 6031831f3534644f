/** Time as a link sees it: monotonic, and handed in, so that a test need not wait. */
export interface Clock {
	/** Milliseconds since some moment. Never goes back, whatever happens to the clock on the wall. */
	now(): number;
	/** Runs `action` once, after `delayMs`. What is returned calls it off. */
	after(delayMs: number, action: () => void): () => void;
}

export const systemClock: Clock = {
	now: () => performance.now(),
	after(delayMs, action) {
		const timer = setTimeout(action, delayMs);
		return () => clearTimeout(timer);
	},
};
