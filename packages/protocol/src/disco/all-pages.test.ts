import { type Element, xml } from "@antiphon/xml";
import { describe, expect, it } from "vitest";
import { NS } from "../namespaces.js";
import { allPages } from "./all-pages.js";

const page = (last: string, index: number, count: number): Element =>
	xml(
		"query",
		NS.discoItems,
		{},
		xml(
			"set",
			NS.resultSet,
			{},
			xml("first", NS.resultSet, { index: `${index}` }, "first"),
			xml("last", NS.resultSet, {}, last),
			xml("count", NS.resultSet, {}, `${count}`),
		),
	);

describe("a list of pages", () => {
	it("is asked for until its numbers say that it is whole", async () => {
		const asked: unknown[] = [];
		const list = await allPages("d.example", async (after, known) => {
			asked.push([after, known]);
			return { items: [known, known + 1], element: page(`item-${known}`, known, 6) };
		});
		expect(list).toEqual([0, 1, 2, 3, 4, 5]);
		expect(asked).toEqual([
			[undefined, 0],
			["item-0", 2],
			["item-2", 4],
		]);
	});

	it("with one item on each of them is given up long before its items are too many", async () => {
		let pages = 0;
		const endless = allPages("d.example", async () => {
			pages++;
			return { items: [pages], element: page(`${pages}`, pages, 9_999_999) };
		});
		await expect(endless).rejects.toMatchObject({
			code: "too-large",
			message: "d.example has more than 1000 items, in more than 1000 pages",
		});
		expect(pages).toBe(1_000);
	});
});
