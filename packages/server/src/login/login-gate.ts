import type { XmlStream } from "../streams/xml-stream.js";

/**
 * Those who are connected but not logged in, on one kind of port, and their time to log in.
 *
 * When there are more than `max`, the one that has waited longest, of the address that has the most of them, has to go:
 * a login takes milliseconds and an idle socket does not, so a flood of idle sockets pushes out its own and not those who
 * are about to log in. Only who opens `max` sockets from the same address within the time of one login can get in its way,
 * and from another address nobody can, as long as that address has more of them.
 */
export class LoginGate {
	readonly #max: number;
	readonly #timeoutMs: number;
	/** Who waits, by address, the oldest first. At most `max` and the one for which there is no room. */
	readonly #waiting = new Map<string, Set<XmlStream>>();
	#size = 0;

	constructor(limits: { readonly maxUnauthenticated: number; readonly loginTimeoutMs: number }) {
		this.#max = limits.maxUnauthenticated;
		this.#timeoutMs = limits.loginTimeoutMs;
	}

	/** How many wait. */
	get size(): number {
		return this.#size;
	}

	/**
	 * Gives a stream its time to log in.
	 * @param address of the peer, without its port
	 * @returns what ends that, because it has logged in or is gone; idempotent
	 */
	enter(stream: XmlStream, address: string): () => void {
		const timer = setTimeout(() => {
			stream.fail("connection-timeout", `not logged in after ${this.#timeoutMs} ms (limits.loginTimeoutMs)`);
		}, this.#timeoutMs);
		const same = this.#waiting.get(address) ?? new Set();
		this.#waiting.set(address, same.add(stream));
		this.#size++;
		return () => {
			if (!same.delete(stream)) return;
			clearTimeout(timer);
			this.#size--;
			if (same.size === 0) this.#waiting.delete(address);
		};
	}

	/** After each {@link enter}: closes whom there is no room for. That is never the newest. */
	makeRoom(): void {
		if (this.#size <= this.#max) return;
		let most: ReadonlySet<XmlStream> = new Set();
		for (const same of this.#waiting.values()) if (same.size > most.size) most = same;
		const [oldest] = most;
		oldest?.fail("resource-constraint", `${this.#max} connections wait to log in (limits.maxUnauthenticated)`);
	}
}
