import type { LaneRecord } from "./queue-record.js";

/** How many unsettled calls there are of whom. */
export class Census {
	all = 0;
	readonly #home: string | undefined;
	readonly #counts = new Map<string, number>();

	constructor(home: string | undefined) {
		this.#home = home;
	}

	ofFunction(fn: string): number {
		return this.#counts.get(fn) ?? 0;
	}

	ofSender(fn: string, sender: string): number {
		return this.#counts.get(`${fn}\n${sender}`) ?? 0;
	}

	/** Of all accounts of the sender's domain; of those at home nobody asks. */
	ofForeigners(sender: string): number {
		const domain = domainOf(sender);
		return this.#isForeign(domain) ? (this.#counts.get(`@${domain}`) ?? 0) : Number.NEGATIVE_INFINITY;
	}

	add({ fn, sender }: LaneRecord, count: number): void {
		this.all += count;
		this.#count(fn, count);
		this.#count(`${fn}\n${sender}`, count);
		const domain = domainOf(sender);
		if (this.#isForeign(domain)) this.#count(`@${domain}`, count);
	}

	clear(): void {
		this.all = 0;
		this.#counts.clear();
	}

	#isForeign(domain: string): boolean {
		return this.#home !== undefined && domain !== this.#home;
	}

	#count(name: string, change: number): void {
		const count = (this.#counts.get(name) ?? 0) + change;
		if (count === 0) this.#counts.delete(name);
		else this.#counts.set(name, count);
	}
}

function domainOf(bare: string): string {
	return bare.slice(bare.indexOf("@") + 1);
}
