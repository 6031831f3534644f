import type { Key, StoreError, Write } from "@antiphon/delivery";
import { describe, expect, it } from "vitest";
import { loadDelivery } from "./delivery.js";
import { Disk } from "./disk.js";
import { Machine } from "./machine.js";
import { Random } from "./random.js";
import { Schedule } from "./schedule.js";

const delivery = await loadDelivery();
const batch = (...keys: Key[]): Write[] => keys.map((key) => [key, Buffer.from(key)]);

function started(seed: number, isDurable = true) {
	const schedule = new Schedule();
	const random = new Random(seed);
	const machine = new Machine("one", schedule, random, 0);
	const disk = new Disk(delivery, schedule, random, { slowestMs: 10, isDurable });
	const journal = disk.open(machine.start(() => disk.crash()));
	return { schedule, machine, disk, journal, keys: () => disk.flushed.keys("", "~", 10) };
}

describe("a disk", () => {
	it("has all or nothing of what was on its way when its process died, and what was there before", () => {
		const seen = new Set<string>();
		for (let seed = 1; seed <= 20; seed++) {
			const { schedule, machine, disk, journal, keys } = started(seed);
			let answers = 0;
			journal.write(batch("a", "b"), () => answers++);
			while (schedule.step(100));
			journal.write(batch("c", "d"), () => answers++);
			machine.kill();
			disk.crash();
			while (schedule.step(200));
			expect(answers).toBe(1);
			seen.add(keys().join());
		}
		expect([...seen].sort()).toEqual(["a,b", "a,b,c,d"]);
	});

	it("of memory has nothing after its process", () => {
		const { schedule, machine, disk, journal, keys } = started(1, false);
		journal.write(batch("a"), () => {});
		while (schedule.step(100));
		expect(keys()).toEqual(["a"]);
		machine.kill();
		disk.crash();
		expect(keys()).toEqual([]);
	});

	it("that is full says so, and has what it had", () => {
		const { schedule, disk, journal, keys } = started(1);
		const errors: (StoreError | undefined)[] = [];
		disk.isFull = true;
		journal.write(batch("a"), (error) => errors.push(error));
		while (schedule.step(100));
		disk.isFull = false;
		journal.write(batch("b"), (error) => errors.push(error));
		while (schedule.step(200));
		expect(errors.map((error) => error?.kind)).toEqual(["full", undefined]);
		expect(keys()).toEqual(["b"]);
	});

	it("that is stuck answers when it is not any more", () => {
		const { schedule, disk, journal, keys } = started(1);
		let answers = 0;
		disk.stick();
		journal.write(batch("a"), () => answers++);
		while (schedule.step(100));
		expect([answers, keys()]).toEqual([0, []]);
		disk.unstick();
		expect([answers, keys()]).toEqual([1, ["a"]]);
	});
});
