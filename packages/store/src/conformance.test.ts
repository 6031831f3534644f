import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { journalConformance, type MakeStore, seeded } from "@antiphon/delivery/testing";
import { describe, it } from "vitest";
import { openEnvironment } from "./environment.js";
import { lmdbStore, openJournal } from "./lmdb-store.js";
import { images } from "./testing/images.js";
import { AFTERWARDS, place } from "./testing/place.js";

const makeStore: MakeStore = async ({ maxBytes }) => {
	const folder = place();
	const file = join(folder, "queue.mdb");
	const limits = { maxBytes, reserveBytes: 0 };
	const random = seeded(5);
	let count = 0;
	const openImage = async (bytes: Buffer) => {
		const path = join(folder, String(count++), "queue.mdb");
		mkdirSync(join(path, ".."));
		writeFileSync(path, bytes);
		return openJournal(path, limits, AFTERWARDS, () => {});
	};
	return {
		open: () => lmdbStore(folder, limits).open("queue"),
		takeOver: () => openJournal(file, limits, AFTERWARDS, () => {}),
		async tamper(changes) {
			const { root, records } = openEnvironment(file, maxBytes);
			root.transactionSync(() => {
				for (const [key, change] of changes) {
					void records.put(key, Buffer.from(change(records.getBinary(key) as Buffer)));
				}
			});
			await root.close();
		},
		async makeNewer() {
			const { root, journal } = openEnvironment(file, maxBytes);
			await journal.put("format", Buffer.from("2"), 1);
			await root.close();
		},
		async crashes(write) {
			const before = readFileSync(file);
			await write();
			return images(before, readFileSync(file), random).map(({ bytes, ...image }) => ({
				...image,
				open: () => openImage(bytes),
			}));
		},
	};
};

describe("a journal in an LMDB file", () => {
	for (const { title, run } of journalConformance(makeStore)) it(title, run);
});
