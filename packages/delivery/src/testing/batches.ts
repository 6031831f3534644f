import assert from "node:assert/strict";
import type { Write } from "../journal/journal.js";
import { after, close, EVERYTHING, isSame, type Model, someWrites, store, within, write } from "./model.js";
import { seeded } from "./random.js";
import type { ConformanceCase, MakeStore } from "./store-under-test.js";

const ROOMY = { maxBytes: 64 * 1024 * 1024 };
const NONE: Model = new Map();

/** What every journal does while nothing goes wrong. */
export function batches(makeStore: MakeStore): ConformanceCase[] {
	return [
		{
			title: "stores batches, shows them in the order of their keys' bytes, and still has them when it is opened again",
			async run() {
				const place = await makeStore(ROOMY);
				const random = seeded(7);
				let model = NONE;
				for (let opened = 0; opened < 3; opened++) {
					const journal = await place.open();
					assert.ok(isSame(journal, model));
					for (let batch = 0; batch < 30; batch++) {
						const writes = someWrites(random);
						await store(journal, writes);
						model = after(model, writes);
						const [from, to] = [someWrites(random)[0]?.[0] ?? "a", someWrites(random)[0]?.[0] ?? "c"];
						const limit = random(5);
						assert.deepEqual(journal.view.keys(from, to, limit), within(model, from, to).slice(0, limit));
						assert.equal(journal.view.count(from, to), within(model, from, to).length);
					}
					assert.ok(isSame(journal, model));
					await close(journal);
				}
			},
		},
		{
			title: "calls back once, and not before write has returned",
			async run() {
				const journal = await (await makeStore(ROOMY)).open();
				let answers = 0;
				let isReturned = false;
				await new Promise<void>((resolve) => {
					journal.write([["a", Buffer.from("1")]], () => {
						assert.ok(isReturned);
						answers++;
						resolve();
					});
					isReturned = true;
				});
				await store(journal, []);
				assert.equal(answers, 1);
				await close(journal);
			},
		},
		{
			title: "takes the last of several writes of a key, deletes what is not there, and has empty bodies",
			async run() {
				const journal = await (await makeStore(ROOMY)).open();
				await store(journal, [
					["a", Buffer.from("1")],
					["gone", undefined],
					["b", Buffer.from("1")],
					["a", undefined],
					["b", Buffer.from("2")],
					["c", undefined],
					["c", Buffer.alloc(0)],
				]);
				const model: Model = new Map([
					["b", Buffer.from("2")],
					["c", Buffer.alloc(0)],
				]);
				assert.ok(isSame(journal, model));
				await close(journal);
			},
		},
		{
			title: "has keys of 1 to 200 characters of all kinds, and no others",
			async run() {
				const journal = await (await makeStore(ROOMY)).open();
				const keys = ["\0", "\xff", "a\0", "a\0\0b", "\xe9\xff\0", "k".repeat(200), "\0".repeat(200)];
				const writes: Write[] = keys.map((key) => [key, Buffer.from(key)]);
				await store(journal, writes);
				assert.ok(isSame(journal, after(NONE, writes)));
				for (const key of ["", "k".repeat(201), "\u0100"]) {
					assert.throws(
						() =>
							journal.write(
								[
									["a", Buffer.from("1")],
									[key, Buffer.from("1")],
								],
								() => {},
							),
						RangeError,
					);
				}
				assert.ok(isSame(journal, after(NONE, writes)));
				await close(journal);
			},
		},
		{
			title: "shows nothing for a range that is empty or the wrong way round",
			async run() {
				const journal = await (await makeStore(ROOMY)).open();
				await store(journal, [["b", Buffer.from("1")]]);
				for (const [from, to] of [
					["b", "b"],
					["c", "a"],
					["a", "b"],
					["b\0", "c"],
				] as const) {
					assert.deepEqual(journal.view.keys(from, to, 9), []);
					assert.equal(journal.view.count(from, to), 0);
				}
				assert.deepEqual(journal.view.keys("", "c", 9), ["b"]);
				assert.deepEqual(journal.view.keys("a", "c", 0), []);
				assert.equal(journal.view.get("a"), undefined);
				await close(journal);
			},
		},
		{
			title:
				"has large batches and large bodies, and what was handed in and read does not change under anybody's hands",
			async run() {
				const journal = await (await makeStore(ROOMY)).open();
				const large = Buffer.alloc(300_000, "large");
				const writes: Write[] = Array.from({ length: 2_048 }, (_, i) => [`k${i}`, Buffer.from(`body ${i}`)]);
				const stored = write(journal, [...writes, ["large", large]]);
				large.fill(0);
				assert.equal(await stored, undefined);
				const read = ["k1", "large", "k2047"].map((key) => journal.view.get(key));
				assert.deepEqual(read.map(String), ["body 1", "large".repeat(60_000), "body 2047"]);
				assert.equal(journal.view.count(...EVERYTHING), 2_049);
				await close(journal);
			},
		},
		{
			title: "does one write at a time, and none when it is closed",
			async run() {
				const place = await makeStore(ROOMY);
				const journal = await place.open();
				const stored = write(journal, [["a", Buffer.from("1")]]);
				assert.throws(() => journal.write([["b", Buffer.from("1")]], () => {}));
				assert.equal(await stored, undefined);
				journal.write([["c", Buffer.from("1")]], () => assert.fail("it was closed meanwhile"));
				await close(journal);
				assert.throws(() => journal.write([], () => {}));
				const again = await place.open();
				assert.equal(String(again.view.get("a")), "1");
				assert.equal(again.view.get("b"), undefined);
				await close(again);
			},
		},
		{
			title: "says what it takes and what is left",
			async run() {
				const journal = await (await makeStore(ROOMY)).open();
				const before = journal.usage();
				await store(journal, [["a", Buffer.alloc(1_000_000)]]);
				const { usedBytes, freeBytes } = journal.usage();
				assert.ok(usedBytes >= before.usedBytes + 1_000_000);
				assert.ok(freeBytes <= before.freeBytes - 1_000_000 && freeBytes > 0);
				await store(journal, [["a", undefined]]);
				assert.ok(journal.usage().usedBytes < before.usedBytes + 100_000);
				await close(journal);
			},
		},
	];
}
