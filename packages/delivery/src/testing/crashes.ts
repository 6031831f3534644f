import assert from "node:assert/strict";
import { after, close, isSame, type Model, someWrites, store } from "./model.js";
import { seeded } from "./random.js";
import type { ConformanceCase, MakeStore } from "./store-under-test.js";

const BATCHES = 8;

/** What every journal is found like after the power has failed. */
export function crashes(makeStore: MakeStore): ConformanceCase[] {
	return [
		{
			title:
				"is found, after a crash at any moment, with all of the last batch or nothing of it; all, if it was acknowledged",
			async run() {
				const random = seeded(11);
				const place = await makeStore({ maxBytes: 8 * 1024 * 1024 });
				const journal = await place.open();
				let model: Model = new Map();
				for (let batch = 0; batch < BATCHES; batch++) {
					const writes = someWrites(random);
					const next = after(model, writes);
					const images = await place.crashes(() => store(journal, writes));
					assert.ok(images.some(({ isAcknowledged }) => isAcknowledged));
					assert.ok(images.some(({ isAcknowledged }) => !isAcknowledged));
					for (const { what, isAcknowledged, open } of images) {
						const found = await open();
						const isAfter = isSame(found, next);
						assert.ok(isAfter || !isAcknowledged, `batch ${batch}, ${what}: what was acknowledged is not there`);
						assert.ok(isAfter || isSame(found, model), `batch ${batch}, ${what}: neither before nor after`);
						// And it goes on from there.
						await store(found, [["next", Buffer.from("1")]]);
						assert.ok(isSame(found, after(isAfter ? next : model, [["next", Buffer.from("1")]])), what);
						await close(found);
					}
					model = next;
				}
				await close(journal);
			},
		},
	];
}
