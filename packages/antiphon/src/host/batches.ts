import { MAX_BATCH_BYTES, MAX_ITEMS } from "@antiphon/protocol";

/** What an item has besides what is measured: its name and attributes, in bytes. */
const ITEM_BYTES = 256;

/**
 * Puts together what can go in one stanza, in its order: up to 64 items of the same group, up to 32 KiB of XML. What is larger
 * goes alone.
 * @param sizeOf how much of it is text, in bytes
 */
export function batches<Item>(
	items: readonly Item[],
	groupOf: (item: Item) => string,
	sizeOf: (item: Item) => number = () => 0,
): [Item, ...Item[]][] {
	const all: [Item, ...Item[]][] = [];
	const open = new Map<string, { readonly batch: [Item, ...Item[]]; bytes: number }>();
	for (const item of items) {
		const group = groupOf(item);
		const bytes = ITEM_BYTES + sizeOf(item);
		const there = open.get(group);
		if (there !== undefined && there.batch.length < MAX_ITEMS && there.bytes + bytes <= MAX_BATCH_BYTES) {
			there.batch.push(item);
			there.bytes += bytes;
			continue;
		}
		const batch: [Item, ...Item[]] = [item];
		all.push(batch);
		open.set(group, { batch, bytes });
	}
	return all;
}
