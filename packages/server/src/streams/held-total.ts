/** What holds bytes that are counted together with those of others. */
export interface Holder {
	/** Who has to answer for them: an account, a component's domain, an address that has not logged in. */
	readonly payer: string;
	readonly heldBytes: number;
	/** There is too much, and this is what has to go. */
	relieve(): void;
}

/**
 * The bytes that many hold together, and their bound. Above it the payer for whom most is held loses the largest of what
 * is held for it; so on until the rest is within the bound. By payer, because one account has many sessions: counted one
 * by one, each of them would hold less than a component that serves everybody.
 */
export class HeldTotal {
	readonly #maxBytes: number;
	readonly #holders = new Set<Holder>();
	#bytes = 0;

	constructor(maxBytes: number) {
		this.#maxBytes = maxBytes;
	}

	get bytes(): number {
		return this.#bytes;
	}

	add(holder: Holder): void {
		this.#holders.add(holder);
	}

	/** @param bytes what of it was still counted */
	delete(holder: Holder, bytes: number): void {
		if (this.#holders.delete(holder)) this.#bytes -= bytes;
	}

	taken(bytes: number): void {
		this.#bytes += bytes;
		if (this.#bytes > this.#maxBytes) this.#relieve();
	}

	givenBack(bytes: number): void {
		this.#bytes -= bytes;
	}

	#relieve(): void {
		// Each of them once: a part may be with the system already, and goes with its socket.
		const left = new Set(this.#holders);
		while (this.#bytes > this.#maxBytes) {
			const largest = largestOfMost(left);
			if (largest === undefined) return;
			left.delete(largest);
			largest.relieve();
		}
	}
}

/** Of the payer with the most, the largest; `undefined` when nobody holds anything. */
function largestOfMost(holders: Iterable<Holder>): Holder | undefined {
	const payers = new Map<string, { bytes: number; largest: Holder }>();
	for (const holder of holders) {
		const { heldBytes } = holder;
		if (heldBytes === 0) continue;
		const sum = payers.get(holder.payer);
		if (sum === undefined) {
			payers.set(holder.payer, { bytes: heldBytes, largest: holder });
		} else {
			sum.bytes += heldBytes;
			if (heldBytes > sum.largest.heldBytes) sum.largest = holder;
		}
	}
	let most: { bytes: number; largest: Holder } | undefined;
	for (const sum of payers.values()) if (sum.bytes > (most?.bytes ?? 0)) most = sum;
	return most?.largest;
}
