import type { LeaseRef } from "../calls.js";
import { Timetable } from "../engine/timetable.js";
import type { Instance, Instances, Pull } from "./instances.js";

/** A call that an instance has, or may have. */
export interface Lease extends LeaseRef {
	readonly holder: Instance;
	/** Of the call. */
	readonly fn: string;
	readonly version: string;
	/** Full JID, the newest that is known. */
	node: string;
	/** Of the pull that it was given for. */
	readonly session: string;
	readonly number: number;
	readonly inbox: "durable" | "memory";
	/** Its delivery, until it is answered. */
	offer: { readonly pull: Pull; readonly serial: number; readonly bytes: number } | undefined;
}

/** The leases, and when they are over. Of all this only who has which call, and the token, is on disk: with the call. */
export class Leases {
	readonly #instances: Instances;
	readonly #leases = new Map<number, Lease>();
	readonly #ends = new Timetable();
	readonly #offers = new Timetable();

	constructor(instances: Instances) {
		this.#instances = instances;
	}

	get size(): number {
		return this.#leases.size;
	}

	get(n: number): Lease | undefined {
		return this.#leases.get(n);
	}

	all(): Iterable<Lease> {
		return this.#leases.values();
	}

	add(lease: Lease, until: number): void {
		this.#leases.set(lease.n, lease);
		lease.holder.held.add(lease.n);
		this.#ends.set(String(lease.n), until);
	}

	renew({ n }: Lease, until: number): void {
		this.#ends.set(String(n), until);
	}

	/** Waits until then for an answer to its delivery. */
	expectTaken({ n }: Lease, until: number): void {
		this.#offers.set(String(n), until);
	}

	/** Its delivery is answered, or nothing depends on the answer any more. */
	endOffer(lease: Lease): void {
		const { n, offer } = lease;
		if (offer === undefined) return;
		offer.pull.offered.delete(offer.serial);
		offer.pull.offeredBytes -= offer.bytes;
		lease.offer = undefined;
		this.#offers.delete(String(n));
	}

	delete(lease: Lease): void {
		this.endOffer(lease);
		this.#ends.delete(String(lease.n));
		this.#leases.delete(lease.n);
		lease.holder.held.delete(lease.n);
		if (lease.holder.reservedFor === lease.n) lease.holder.reservedFor = undefined;
		this.#instances.tidy(lease.holder);
	}

	/** When something is over. */
	next(): number | undefined {
		const [end, offer] = [this.#ends.next(), this.#offers.next()];
		return end === undefined || offer === undefined ? (end ?? offer) : Math.min(end, offer);
	}

	/** A lease that is over at `now`. It is asked for once. */
	takeOver(now: number): Lease | undefined {
		const n = this.#ends.take(now);
		return n === undefined ? undefined : this.#leases.get(Number(n));
	}

	/** A lease whose delivery has not been answered in time. It is asked for once. */
	takeUntaken(now: number): Lease | undefined {
		const n = this.#offers.take(now);
		return n === undefined ? undefined : this.#leases.get(Number(n));
	}

	clear(): void {
		this.#leases.clear();
		this.#ends.clear();
		this.#offers.clear();
	}
}
