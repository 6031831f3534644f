import { Tally } from "@antiphon/protocol";
import type { LaneRecord } from "./queue-record.js";

/** How many unsettled calls there are of whom, and in how many lanes. */
export class Census {
	all = 0;
	readonly #home: string | undefined;
	#calls = new Tally();
	#lanes = new Tally();

	constructor(home: string | undefined) {
		this.#home = home;
	}

	ofFunction(fn: string): number {
		return this.#calls.of(fn);
	}

	ofSender(fn: string, sender: string): number {
		return this.#calls.of(`${fn}\n${sender}`);
	}

	/** Of all accounts of the sender's domain; of those at home nobody asks. */
	ofForeigners(sender: string): number {
		return this.#ofForeigners(this.#calls, sender);
	}

	lanesOf(sender: string): number {
		return this.#lanes.of(sender);
	}

	/** As of calls. */
	lanesOfForeigners(sender: string): number {
		return this.#ofForeigners(this.#lanes, sender);
	}

	add({ fn, sender }: LaneRecord, count: number): void {
		this.all += count;
		this.#calls.add(fn, count);
		this.#calls.add(`${fn}\n${sender}`, count);
		const foreign = this.#foreign(sender);
		if (foreign !== undefined) this.#calls.add(foreign, count);
	}

	addLane({ sender }: LaneRecord, count: 1 | -1): void {
		this.#lanes.add(sender, count);
		const foreign = this.#foreign(sender);
		if (foreign !== undefined) this.#lanes.add(foreign, count);
	}

	clear(): void {
		this.all = 0;
		this.#calls = new Tally();
		this.#lanes = new Tally();
	}

	#ofForeigners(counts: Tally, sender: string): number {
		const foreign = this.#foreign(sender);
		return foreign === undefined ? Number.NEGATIVE_INFINITY : counts.of(foreign);
	}

	/** Under what the accounts of the sender's domain are counted, unless they are at home. */
	#foreign(sender: string): string | undefined {
		const domain = domainOf(sender);
		return this.#home === undefined || domain === this.#home ? undefined : `@${domain}`;
	}
}

function domainOf(bare: string): string {
	return bare.slice(bare.indexOf("@") + 1);
}
