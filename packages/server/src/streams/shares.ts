/**
 * How much of a queue the peer's own requests always find free, so that others cannot fill it and have the peer closed
 * at its next request; how much one other may have; and up to where it does not matter who has what.
 */
const OWN_PART = 1 / 4;
const SHARE = 1 / 4;
const HIGH_WATER = 1 / 16;

/** After which part of the queue shares are counted in a new lot. A lot is given back at once, when all of it is gone. */
const LOT = 1 / 256;

/** Bytes that stand one behind the other in the queue, and how many of them are whose. */
interface Lot {
	bytes: number;
	readonly byPayer: Map<string, number>;
}

/**
 * Who has how much of one queue: so that one sender that floods a peer which reads slowly is turned down, and not the
 * other senders, nor the peer. A payer is an account or a component's domain.
 *
 * Below the high-water mark nothing is counted. Above it, a payer has what it queued since then and was not taken yet,
 * in lots of the order in which it was queued: 256 of them at most, however short the stanzas.
 */
export class Shares {
	readonly #maxOthers: number;
	readonly #maxShare: number;
	readonly #highWater: number;
	readonly #lotBytes: number;
	/** Empty below the high-water mark; the first is what the socket takes next. */
	#lots: Lot[] = [];
	readonly #held = new Map<string, number>();

	constructor(maxBytes: number) {
		this.#maxOthers = maxBytes * (1 - OWN_PART);
		this.#maxShare = maxBytes * SHARE;
		this.#highWater = maxBytes * HIGH_WATER;
		this.#lotBytes = maxBytes * LOT;
	}

	/** Whether `payer` may queue these bytes behind those that wait. */
	allow(queued: number, bytes: number, payer: string): boolean {
		const after = queued + bytes;
		if (after <= this.#highWater) return true;
		return after <= this.#maxOthers && (this.#held.get(payer) ?? 0) + bytes <= this.#maxShare;
	}

	/** These bytes are queued behind those that waited; without a payer they are the peer's own. */
	queued(before: number, bytes: number, payer?: string): void {
		if (before + bytes <= this.#highWater) return;
		let lot = this.#lots.at(-1);
		if (lot === undefined) this.#lots.push({ bytes: before, byPayer: new Map() });
		if (lot === undefined || lot.bytes >= this.#lotBytes) {
			lot = { bytes: 0, byPayer: new Map() };
			this.#lots.push(lot);
		}
		lot.bytes += bytes;
		if (payer === undefined) return;
		lot.byPayer.set(payer, (lot.byPayer.get(payer) ?? 0) + bytes);
		this.#held.set(payer, (this.#held.get(payer) ?? 0) + bytes);
	}

	/** The first `bytes` of the queue are gone, and `left` are left. */
	taken(bytes: number, left: number): void {
		if (this.#lots.length === 0) return;
		if (left <= this.#highWater) {
			this.#lots = [];
			this.#held.clear();
			return;
		}
		for (let gone = bytes; gone > 0; ) {
			const lot = this.#lots[0];
			if (lot === undefined) return;
			const part = Math.min(gone, lot.bytes);
			lot.bytes -= part;
			gone -= part;
			if (lot.bytes > 0 || this.#lots.length === 1) return;
			this.#lots.shift();
			for (const [payer, held] of lot.byPayer) this.#giveBack(payer, held);
		}
	}

	#giveBack(payer: string, bytes: number): void {
		const left = (this.#held.get(payer) ?? 0) - bytes;
		if (left > 0) this.#held.set(payer, left);
		else this.#held.delete(payer);
	}
}
