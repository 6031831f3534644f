import { describe, it } from "vitest";
import { MemoryDisk } from "../journal/memory-disk.js";
import { MemoryJournal, storeOn } from "../journal/memory-journal.js";
import { journalConformance } from "./conformance.js";
import { LogDisk } from "./log-disk.js";
import { EVERYTHING } from "./model.js";
import type { CrashImage, MakeStore } from "./store-under-test.js";

const defer = queueMicrotask;

/** A store on one disk, and what a crash leaves of it. */
function storesOn<Disk extends MemoryDisk>(
	disk: () => Disk,
	crashes: (
		disk: Disk,
		write: () => Promise<void>,
		open: (image: MemoryDisk) => CrashImage["open"],
	) => Promise<CrashImage[]>,
): MakeStore {
	return async ({ maxBytes }) => {
		const only = disk();
		const store = storeOn(() => only, { maxBytes, defer });
		const taken = (image: MemoryDisk) => new MemoryJournal({ name: "queue", disk: image, maxBytes, defer });
		return {
			open: () => store.open("queue"),
			takeOver: async () => taken(only),
			async tamper(changes) {
				only.store(new Map([...changes].map(([key, change]) => [key, change(only.get(key) as Uint8Array)])));
			},
			crashes: (write) => crashes(only, write, (image) => async () => taken(image)),
		};
	};
}

const inMemory = storesOn(
	() => new MemoryDisk(),
	async (disk, write, open) => {
		const image = () => {
			const copy = new MemoryDisk();
			copy.store(new Map(disk.keys(...EVERYTHING, Number.POSITIVE_INFINITY).map((key) => [key, disk.get(key)])));
			return open(copy);
		};
		const before = image();
		await write();
		return [
			{ what: "before", isAcknowledged: false, open: before },
			{ what: "after", isAcknowledged: true, open: image() },
		];
	},
);

/** Bytes are there up to anywhere, as long as nothing has been acknowledged. Of a long batch not each length is tried. */
const onLog = storesOn(
	() => new LogDisk(),
	async (disk, write, open) => {
		const before = disk.bytes.length;
		await write();
		const image = (length: number) => async () => open(new LogDisk(disk.bytes.subarray(0, length)))();
		const { length } = disk.bytes;
		const torn = Array.from({ length: length - before + 1 }, (_, i) => i)
			.filter((i) => i < 40 || i % 211 === 0 || before + i > length - 10)
			.map((i) => ({ what: `${i} bytes of it`, isAcknowledged: false, open: image(before + i) }));
		return [...torn, { what: "after", isAcknowledged: true, open: image(length) }];
	},
);

describe("a journal in memory", () => {
	for (const { title, run } of journalConformance(inMemory)) it(title, run);
});

describe("a journal on a log of bytes", () => {
	for (const { title, run } of journalConformance(onLog)) it(title, run);
});
