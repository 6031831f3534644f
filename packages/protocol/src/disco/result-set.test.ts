import { parseElement, serialize, xml } from "@antiphon/xml";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NS } from "../namespaces.js";
import {
	decodePageEnd,
	decodePageRequest,
	encodePagePosition,
	encodePageRequest,
	type PageItem,
	type PageRequest,
	pageOf,
} from "./result-set.js";

const query = (...children: Parameters<typeof xml>[3][]) => xml("query", NS.discoItems, {}, ...children);
const asked = (inside: string) =>
	decodePageRequest(query(parseElement(`<set xmlns='${NS.resultSet}'>${inside}</set>`)));

describe("a request for a page", () => {
	it("is read as it was written", () => {
		expect(decodePageRequest(query())).toBeUndefined();
		expect(asked("")).toEqual({});
		expect(asked("<max>20</max><after>b</after>")).toEqual({ max: 20, after: "b" });
		expect(asked("<max>0</max><before/>")).toEqual({ max: 0, before: "" });
		expect(asked("<index> 7 </index>")).toEqual({ index: 7 });
		const sent = parseElement(serialize(encodePageRequest({ max: 5, after: "<&>" }), ""));
		expect(decodePageRequest(query(sent))).toEqual({ max: 5, after: "<&>" });
	});

	it.each([
		"<max/>",
		"<max>-1</max>",
		"<max>1e9</max>",
		"<max>0x10</max>",
		"<max>1.5</max>",
		"<max>9999999999999999</max>",
		"<max>NaN</max>",
		"<max><a/>5</max><index>x</index>",
		"<after>a</after><before>b</before>",
		"<before/><index>0</index>",
	])("that says %s is refused", (inside) => {
		expect(() => asked(inside)).toThrow(expect.objectContaining({ code: "invalid-argument" }));
	});
});

describe("a page", () => {
	const UIDS = ["a", "b", "c", "d", "e"];
	const bounds = { maxItems: 3, maxBytes: 25 };
	const itemAt = (uid: string): PageItem => ({ uid, bytes: 10 });
	const page = (request: PageRequest, uids = UIDS, limits = bounds) => {
		const { items, position } = pageOf(uids, itemAt, request, limits);
		return [items.map(({ uid }) => uid).join(""), position.range?.index, position.count];
	};

	it("ends where the bounds are met, whatever was asked for", () => {
		expect(page({})).toEqual(["ab", 0, 5]);
		expect(page({ max: 999_999_999_999_999 })).toEqual(["ab", 0, 5]);
		expect(page({}, UIDS, { maxItems: 3, maxBytes: 1_000 })).toEqual(["abc", 0, 5]);
		expect(page({ max: 1 })).toEqual(["a", 0, 5]);
		expect(page({ max: 0 })).toEqual(["", undefined, 5]);
	});

	it("has one item, if that alone is too much", () => {
		expect(page({}, UIDS, { maxItems: 3, maxBytes: 1 })).toEqual(["a", 0, 5]);
		expect(page({ before: "" }, UIDS, { maxItems: 3, maxBytes: 1 })).toEqual(["e", 4, 5]);
	});

	it("begins behind an item, also behind one that has gone", () => {
		expect(page({ after: "b" })).toEqual(["cd", 2, 5]);
		expect(page({ after: "bb" })).toEqual(["cd", 2, 5]);
		expect(page({ after: "" })).toEqual(["ab", 0, 5]);
		for (const end of ["e", "\u{10FFFF}", "z".repeat(60_000)]) expect(page({ after: end })).toEqual(["", undefined, 5]);
	});

	it("ends before an item, or at the end", () => {
		expect(page({ before: "d" })).toEqual(["bc", 1, 5]);
		expect(page({ before: "" })).toEqual(["de", 3, 5]);
		expect(page({ before: "a" })).toEqual(["", undefined, 5]);
		expect(page({ before: "b" })).toEqual(["a", 0, 5]);
	});

	it("begins at a place", () => {
		expect(page({ index: 3 })).toEqual(["de", 3, 5]);
		expect(page({ index: 999_999_999_999_999 })).toEqual(["", undefined, 5]);
	});

	it("of nothing is empty", () => {
		for (const request of [{}, { after: "a" }, { before: "" }, { index: 0 }])
			expect(page(request, [])).toEqual(["", undefined, 0]);
	});

	it("after page gives the whole list, once each, in both directions", () => {
		const list = fc
			.uniqueArray(fc.string({ minLength: 1, maxLength: 3 }), { maxLength: 40 })
			.map((uids) => uids.sort());
		fc.assert(
			fc.property(list, fc.integer({ min: 1, max: 7 }), (uids, max) => {
				const walk = (next: (items: readonly PageItem[]) => PageRequest, first: PageRequest) => {
					const seen: string[][] = [];
					for (let request = first; ; ) {
						const { items } = pageOf(uids, itemAt, { ...request, max }, { maxItems: 5, maxBytes: 35 });
						if (items.length === 0) return seen;
						seen.push(items.map(({ uid }) => uid));
						request = next(items);
					}
				};
				expect(walk((items) => ({ after: items.at(-1)?.uid ?? "" }), {}).flat()).toEqual(uids);
				const backwards = walk((items) => ({ before: items[0]?.uid ?? "" }), { before: "" });
				expect(backwards.reverse().flat()).toEqual(uids);
			}),
		);
	});
});

describe("the position of a page", () => {
	const end = (position: Parameters<typeof encodePagePosition>[0], items: number) =>
		decodePageEnd(query(parseElement(serialize(encodePagePosition(position), ""))), items);

	it("tells where the next one begins, and whether there is one", () => {
		const range = { first: "a", last: "<b>", index: 4 };
		expect(end({ range, count: 7 }, 2)).toEqual({ last: "<b>", isEnd: false });
		expect(end({ range, count: 6 }, 2)).toEqual({ last: "<b>", isEnd: true });
		expect(end({ count: 6 }, 0)).toBeUndefined();
		expect(decodePageEnd(query(), 2)).toBeUndefined();
	});

	it("that has no numbers is not taken for the end", () => {
		const set = parseElement(`<set xmlns='${NS.resultSet}'><first index='x'>a</first><last>b</last><count/></set>`);
		expect(decodePageEnd(query(set), 2)).toEqual({ last: "b", isEnd: false });
	});
});
