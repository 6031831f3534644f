import assert from "node:assert/strict";
import type { Journal, Key, StoreError, Write } from "../journal/journal.js";
import type { Random } from "./random.js";

/** What a journal has to have in it. */
export type Model = ReadonlyMap<Key, Uint8Array>;

export const EVERYTHING: readonly [from: Key, to: Key] = ["\0", "\xff\xff"];

/** What a model becomes by a batch. */
export function after(model: Model, writes: readonly Write[]): Model {
	const next = new Map(model);
	for (const [key, body] of writes) {
		if (body === undefined) next.delete(key);
		else next.set(key, body);
	}
	return next;
}

/** The keys of a model in a range, in the order of their bytes. */
export function within(model: Model, from: Key, to: Key): Key[] {
	return [...model.keys()].filter((key) => key >= from && key < to).sort();
}

/** Whether all that is in a journal is the model, by whichever way it is read. */
export function isSame(journal: Journal, model: Model): boolean {
	const { view } = journal;
	const keys = view.keys(...EVERYTHING, Number.POSITIVE_INFINITY);
	return (
		view.count(...EVERYTHING) === model.size &&
		keys.length === model.size &&
		keys.every((key) => {
			const [stored, body] = [view.get(key), model.get(key)];
			return stored !== undefined && body !== undefined && Buffer.compare(stored, body) === 0;
		})
	);
}

/** Writes, and waits until that is over. */
export function write(journal: Journal, writes: readonly Write[]): Promise<StoreError | undefined> {
	return new Promise((resolve) => journal.write(writes, resolve));
}

/** Writes what has to be stored. */
export async function store(journal: Journal, writes: readonly Write[]): Promise<void> {
	assert.equal(await write(journal, writes), undefined);
}

export function close(journal: Journal): Promise<void> {
	return new Promise((resolve) => journal.close(resolve));
}

/** A batch of a few changes of few keys, so that much is written over and deleted; some bodies are longer than a page. */
export function someWrites(random: Random): Write[] {
	return Array.from({ length: 1 + random(6) }, () => {
		const key = `${"abc".charAt(random(3))}${String.fromCharCode(random(256))}${random(4)}`;
		const length = random(8) === 0 ? 3_000 + random(9_000) : random(300);
		return [key, random(3) === 0 ? undefined : Buffer.alloc(length, random(256))];
	});
}
