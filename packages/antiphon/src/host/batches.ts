import { MAX_BATCH_BYTES, MAX_ITEMS } from "@antiphon/protocol";

/** What an item has besides what is measured: its name and attributes, in bytes. */
const ITEM_BYTES = 256;

/** What goes in one stanza: its items, and about how much they take, in bytes. */
export interface Batch<Item> {
	readonly items: Item[];
	bytes: number;
}

/** About what an item takes in a stanza, of which so much is text; in bytes. */
export function itemBytes(textBytes: number): number {
	return ITEM_BYTES + textBytes;
}

/** Whether one more item goes along: up to 64 of them, up to 32 KiB of XML. What is larger goes alone. */
export function goesAlong({ items, bytes }: Batch<unknown>, moreBytes: number): boolean {
	return items.length < MAX_ITEMS && bytes + moreBytes <= MAX_BATCH_BYTES;
}

/**
 * Puts together what can go in one stanza ({@link goesAlong}), in its order: of the same group each.
 * @param sizeOf how much of it is text, in bytes
 */
export function batches<Item>(
	items: readonly Item[],
	groupOf: (item: Item) => string,
	sizeOf: (item: Item) => number = () => 0,
): [Item, ...Item[]][] {
	const all: [Item, ...Item[]][] = [];
	const open = new Map<string, Batch<Item>>();
	for (const item of items) {
		const group = groupOf(item);
		const bytes = itemBytes(sizeOf(item));
		const there = open.get(group);
		if (there !== undefined && goesAlong(there, bytes)) {
			there.items.push(item);
			there.bytes += bytes;
			continue;
		}
		const batch: [Item, ...Item[]] = [item];
		all.push(batch);
		open.set(group, { items: batch, bytes });
	}
	return all;
}
