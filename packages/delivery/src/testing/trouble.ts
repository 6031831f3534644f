import assert from "node:assert/strict";
import { crc32 } from "node:zlib";
import { type Journal, type Key, StoreError, type StoreErrorKind, type Write } from "../journal/journal.js";
import { encodeRecord, RECORD_OVERHEAD, RECORD_VERSION } from "../journal/record.js";
import { after, close, EVERYTHING, isSame, type Model, store, write } from "./model.js";
import type { ConformanceCase, MakeStore } from "./store-under-test.js";

const ROOMY = { maxBytes: 64 * 1024 * 1024 };

/** What every journal does when there is no room, when another has it, and when what it finds is not what it wrote. */
export function trouble(makeStore: MakeStore): ConformanceCase[] {
	return [
		{
			title: "that is full stores nothing of a batch, goes on, and has room again for what is deleted",
			async run() {
				const journal = await (await makeStore({ maxBytes: 1024 * 1024 })).open();
				let model: Model = new Map();
				let error: StoreError | undefined;
				for (let batch = 0; batch < 200 && error === undefined; batch++) {
					const writes: Write[] = [1, 2, 3].map((i) => [`k${batch}-${i}`, Buffer.alloc(5_000)]);
					error = await write(journal, writes);
					if (error === undefined) model = after(model, writes);
				}
				assertKind(error, "full");
				assert.ok(model.size > 100);
				assert.ok(isSame(journal, model));
				// What a core changes in its own records is small, and what it deletes makes room.
				const keys = [...model.keys()];
				for (let i = 0; i < 30; i++) {
					const writes: Write[] = [
						[keys[i] as Key, undefined],
						["m", Buffer.from(String(i))],
					];
					await store(journal, writes);
					model = after(model, writes);
				}
				const writes: Write[] = [["again", Buffer.alloc(20_000)]];
				await store(journal, writes);
				assert.ok(isSame(journal, after(model, writes)));
				await close(journal);
			},
		},
		{
			title: "is not opened by two, and can be when the first has closed it",
			async run() {
				const place = await makeStore(ROOMY);
				const journal = await place.open();
				await assert.rejects(place.open(), (error) => assertKind(error, "lost"));
				await store(journal, [["a", Buffer.from("1")]]);
				await close(journal);
				await close(await place.open());
			},
		},
		{
			title: "that another has taken stores nothing more, and the other does",
			async run() {
				const place = await makeStore(ROOMY);
				const journal = await place.open();
				await store(journal, [["a", Buffer.from("1")]]);
				const other = await place.takeOver();
				assertKind(
					await write(journal, [
						["a", Buffer.from("2")],
						["b", Buffer.from("2")],
					]),
					"lost",
				);
				await store(other, [["c", Buffer.from("3")]]);
				assertKind(await write(journal, [["d", Buffer.from("2")]]), "lost");
				await close(journal);
				await store(other, [["d", Buffer.from("4")]]);
				const model: Model = new Map(
					["a1", "c3", "d4"].map(([key, body]) => [key as Key, Buffer.from(body as string)]),
				);
				assert.ok(isSame(other, model));
				await close(other);
			},
		},
		{
			title: "finds every bit of a record that is changed, and every byte that is missing, and says which record it is",
			async run() {
				const body = Buffer.from("what has been accepted");
				const length = body.length + RECORD_OVERHEAD;
				const changes = new Map<Key, (record: Uint8Array) => Uint8Array>();
				for (let at = 0; at < length; at++) {
					for (let bit = 0; bit < 8; bit++) {
						changes.set(`bit ${at}.${bit}`, (record) => {
							const copy = Uint8Array.from(record);
							copy[at] = (copy[at] as number) ^ (1 << bit);
							return copy;
						});
					}
					changes.set(`cut ${at}`, (record) => record.slice(0, at));
				}
				const keys = [...changes.keys()];
				await withTampered(
					makeStore,
					[...keys.map((key): Write => [key, body]), ["whole", body]],
					changes,
					(journal) => {
						for (const key of keys) assertDamaged(journal, key, /is damaged/);
						assert.deepEqual(Buffer.from(journal.view.get("whole") as Uint8Array), body);
						assert.equal(journal.view.count(...EVERYTHING), keys.length + 1);
					},
				);
			},
		},
		{
			title: "finds a record in the place of another",
			async run() {
				const changes = new Map([["b", () => encodeRecord("a", Buffer.from("1"))]]);
				await withTampered(
					makeStore,
					[
						["a", Buffer.from("1")],
						["b", Buffer.from("1")],
					],
					changes,
					(journal) => {
						assertDamaged(journal, "b", /"b" .*is damaged/);
					},
				);
			},
		},
		{
			title: "does not read a record of a newer version",
			async run() {
				const newer = (record: Uint8Array) => {
					const copy = Buffer.from(record);
					copy[4] = RECORD_VERSION + 1;
					copy.writeUInt32BE(crc32(copy.subarray(4), crc32(Buffer.from("a"))));
					return copy;
				};
				await withTampered(makeStore, [["a", Buffer.from("1")]], new Map([["a", newer]]), (journal) => {
					assertDamaged(journal, "a", /newer Antiphon/);
				});
			},
		},
		{
			title: "is not opened when a newer version keeps it in another way",
			async run() {
				const place = await makeStore(ROOMY);
				if (place.makeNewer === undefined) return;
				await close(await place.open());
				await place.makeNewer();
				await assert.rejects(place.open(), (error) => {
					assertKind(error, "failed");
					return /newer Antiphon/.test((error as Error).message);
				});
			},
		},
	];
}

/** Stores, closes, changes records behind the journal's back, opens it again. */
async function withTampered(
	makeStore: MakeStore,
	writes: readonly Write[],
	changes: ReadonlyMap<Key, (record: Uint8Array) => Uint8Array>,
	check: (journal: Journal) => void,
): Promise<void> {
	const place = await makeStore(ROOMY);
	const journal = await place.open();
	await store(journal, writes);
	await close(journal);
	await place.tamper(changes);
	const again = await place.open();
	check(again);
	await close(again);
}

function assertDamaged(journal: Journal, key: Key, message: RegExp): void {
	assert.throws(
		() => journal.view.get(key),
		(error) => {
			assertKind(error, "failed");
			return message.test((error as Error).message) && (error as Error).message.includes(`"${key}"`);
		},
		key,
	);
}

function assertKind(error: unknown, kind: StoreErrorKind): true {
	assert.ok(error instanceof StoreError, `a StoreError instead of ${error}`);
	assert.equal(error.kind, kind);
	return true;
}
