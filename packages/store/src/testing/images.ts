import assert from "node:assert/strict";
import type { Random } from "@antiphon/delivery/testing";

const PAGE = 4_096;
const SECTOR = 512;
const META_PAGES = 2;
/** Of the many ways in which some pages can be there and others not. */
const TRIES = 5;

/** What a file may have in it after a crash, and whether its last batch is over. */
export interface Image {
	readonly what: string;
	readonly bytes: Buffer;
	readonly isAcknowledged: boolean;
}

/**
 * What may be there of an LMDB file when the power fails within a commit. LMDB writes pages that were free, flushes them, and
 * then writes the page that names them, of which only one sector changes: any of the first may be there with the former page,
 * and all of them are with the latter.
 */
export function images(before: Buffer, after: Buffer, random: Random): Image[] {
	const changed = pagesOf(after).filter((page) => !pageOf(before, page).equals(pageOf(after, page)));
	const metas = changed.filter((page) => page < META_PAGES);
	const pages = changed.filter((page) => page >= META_PAGES);
	// A batch that changes nothing writes nothing.
	assert.equal(metas.length, changed.length === 0 ? 0 : 1, "a commit writes one of the two meta pages");
	const [meta = 0] = metas;
	assert.ok(pageOf(before, meta).subarray(SECTOR).equals(pageOf(after, meta).subarray(SECTOR)), "in its first sector");

	const image = (present: readonly number[]) => {
		const last = Math.max(before.length / PAGE - 1, ...present);
		return Buffer.concat(
			Array.from({ length: last + 1 }, (_, page) => pageOf(present.includes(page) ? after : before, page)),
		);
	};
	const some = Array.from({ length: TRIES }, () => pages.filter(() => random(2) === 0));
	return [
		...[[], ...some, pages].map((present) => ({
			what: `pages ${present.join(", ")} of ${pages.join(", ")}, and the former meta page`,
			bytes: image(present),
			isAcknowledged: false,
		})),
		{ what: "all pages, and the meta page", bytes: image(changed), isAcknowledged: false },
		{ what: "after", bytes: after, isAcknowledged: true },
	];
}

function pagesOf(file: Buffer): number[] {
	return Array.from({ length: file.length / PAGE }, (_, page) => page);
}

/** A page that is not there is a hole. */
function pageOf(file: Buffer, page: number): Buffer {
	const bytes = Buffer.alloc(PAGE);
	bytes.set(file.subarray(page * PAGE, (page + 1) * PAGE));
	return bytes;
}
