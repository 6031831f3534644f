/** A ping that is on its way to the server (XEP-0199). */
export interface Ping {
	readonly id: string;
	/** When it was sent. */
	readonly atMs: number;
	/** Bytes that had been written before it: what its answer confirms. */
	readonly writtenBytes: number;
	/** Bytes that had come in before it. */
	readonly heardBytes: number;
}

/**
 * The one ping that is on its way, and when the last was answered. Whoever sends pings keeps it; {@link Liveness} and
 * {@link SendWindow} go by it.
 */
export class PingRecord {
	#pending: Ping | undefined;
	#answeredAtMs: number | undefined;

	get pending(): Ping | undefined {
		return this.#pending;
	}

	/** Undefined as long as no ping has been answered. */
	get answeredAtMs(): number | undefined {
		return this.#answeredAtMs;
	}

	/** A ping was sent. One that was on its way is forgotten. */
	sent(ping: Ping): void {
		this.#pending = ping;
	}

	/** The ping that is on its way was answered. @returns that ping */
	answered(nowMs: number): Ping | undefined {
		const ping = this.#pending;
		if (ping === undefined) return undefined;
		this.#pending = undefined;
		this.#answeredAtMs = nowMs;
		return ping;
	}
}
