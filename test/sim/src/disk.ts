import type { Journal, Key, StoreError, View, Write } from "@antiphon/delivery";
import type { Delivery } from "./delivery.js";
import type { Process } from "./machine.js";
import type { Random } from "./random.js";
import type { Schedule } from "./schedule.js";

/** How a disk is, beside being there. */
export interface DiskHabits {
	/** What the slowest flush takes, in milliseconds. */
	readonly slowestMs: number;
	/** Whether it survives the process. */
	readonly isDurable: boolean;
}

const FASTEST_MS = 0.1;

/**
 * The disk of one journal, with records as every journal has them. It survives its processes: what was flushed is there, and
 * of a batch that was on its way all or nothing, which is what a journal makes of a torn one.
 */
export class Disk {
	/** Set and put back from outside: no room; broken, so that each batch fails; stuck, so that nothing comes back. */
	isFull = false;
	isBroken = false;
	/** Whether it has failed, or kept somebody waiting, since its process has started. */
	hasFailed = false;
	readonly #delivery: Delivery;
	readonly #schedule: Schedule;
	readonly #random: Random;
	readonly #habits: DiskHabits;
	#records: InstanceType<Delivery["MemoryDisk"]>;
	#isStuck = false;
	#air: Batch | undefined;
	/** What would have come back from a disk that is stuck. */
	#held: (() => void)[] = [];

	constructor(delivery: Delivery, schedule: Schedule, random: Random, habits: DiskHabits) {
		this.#delivery = delivery;
		this.#schedule = schedule;
		this.#random = random;
		this.#habits = habits;
		this.#records = new delivery.MemoryDisk();
	}

	get isDurable(): boolean {
		return this.#habits.isDurable;
	}

	/** What is on it, as if the power went now. */
	get flushed(): View {
		const records = this.#records;
		return {
			get: (key) => {
				const record = records.get(key);
				return record && this.#delivery.decodeRecord(key, record, "a simulated disk");
			},
			keys: (from, to, limit) => records.keys(from, to, limit),
			count: (from, to) => records.count(from, to),
		};
	}

	/** The journal, for a process that has just started. */
	open(process: Process): Journal {
		this.hasFailed = false;
		return {
			isDurable: this.isDurable,
			view: this.flushed,
			write: (writes, done) => this.#write(process, writes, done),
			usage: () => ({ usedBytes: this.#records.usedBytes, freeBytes: this.isFull ? 0 : 1 << 30 }),
			close: (done) => this.#schedule.after(0, () => process.run(done)),
		};
	}

	/** Its process has died. */
	crash(): void {
		const air = this.#air;
		this.#air = undefined;
		this.#held = [];
		if (!this.isDurable) this.#records = new this.#delivery.MemoryDisk();
		else if (air !== undefined && air.error === undefined && this.#random.chance(0.5)) this.#store(air);
	}

	stick(): void {
		this.#isStuck = true;
	}

	unstick(): void {
		this.#isStuck = false;
		const held = this.#held;
		this.#held = [];
		for (const action of held) action();
	}

	#write(process: Process, writes: readonly Write[], done: (error?: StoreError) => void): void {
		if (!process.acts()) return;
		if (this.#air !== undefined) throw new Error("a batch is written while another is on its way");
		const batch: Batch = { records: this.#delivery.encodeBatch(writes), error: this.#error() };
		this.#air = batch;
		const flushMs = this.#random.spread(FASTEST_MS * 10, Math.max(FASTEST_MS, this.#habits.slowestMs) * 10) / 10;
		this.#schedule.after(flushMs, () => this.#finish(process, batch, done));
	}

	#finish(process: Process, batch: Batch, done: (error?: StoreError) => void): void {
		if (this.#air !== batch) return;
		if (this.#isStuck) {
			this.hasFailed = true;
			this.#held.push(() => this.#finish(process, batch, done));
			return;
		}
		this.#air = undefined;
		if (batch.error === undefined) this.#store(batch);
		process.run(() => done(batch.error));
	}

	#store({ records }: Batch): void {
		this.#records.store(records);
	}

	#error(): StoreError | undefined {
		const { StoreError } = this.#delivery;
		if (this.isBroken) this.hasFailed = true;
		if (this.isBroken) return new StoreError("failed", "the disk is broken");
		return this.isFull ? new StoreError("full", "there is no room") : undefined;
	}
}

interface Batch {
	readonly records: ReadonlyMap<Key, Uint8Array | undefined>;
	readonly error: StoreError | undefined;
}
