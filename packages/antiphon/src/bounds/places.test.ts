import { Jid } from "@antiphon/protocol";
import { describe, expect, it } from "vitest";
import { Places } from "./places.js";

const at = (name: string, domain = "example.org") => Jid.parse(`${name}@${domain}/x`);

function placesOf(max: number, maxPerAccount?: number) {
	const lost: string[] = [];
	const places = new Places<string>({
		max,
		...(maxPerAccount && { maxPerAccount }),
		onLost: (item) => void lost.push(item),
	});
	/** Takes places for `name 0`, `name 1`, … as long as there are any. @returns how many */
	const fill = (name: string, many: number, domain?: string) => {
		for (let i = 0; i < many; i++) if (places.take(`${name} ${i}`, at(name, domain)) !== undefined) return i;
		return many;
	};
	return { places, lost, fill };
}

describe("places", () => {
	it("are bounded in all and for each account, and come free again", () => {
		const { places, fill, lost } = placesOf(5, 3);
		expect(fill("alice", 9)).toBe(3);
		expect(places.take("alice 9", at("alice"))).toBe("account");
		expect([places.take("anybody's", undefined), places.take("one more", undefined)]).toEqual([undefined, undefined]);
		// What is nobody's takes no place of others.
		expect(places.take("too many", undefined)).toBe("all");
		const left = ["alice 0", "anybody's", "never there"].map((item) => places.leave(item));
		expect(left).toEqual([true, true, false]);
		expect([places.size, places.of(at("alice"))]).toEqual([3, 2]);
		expect(fill("bob", 2)).toBe(2);
		expect(lost).toEqual([]);
	});

	it("go from the account with most, the last first, to whoever has fewer, until all have the same", () => {
		const { places, fill, lost } = placesOf(8);
		expect(fill("greedy", 8)).toBe(8);
		expect(fill("alice", 9)).toBe(4);
		expect(lost).toEqual(["greedy 7", "greedy 6", "greedy 5", "greedy 4"]);
		expect([places.size, places.of(at("greedy")), places.of(at("alice"))]).toEqual([8, 4, 4]);
		expect(places.take("greedy 9", at("greedy"))).toBe("all");
	});

	it("go from the domain with most first: one has as many accounts as it likes", () => {
		const { places, fill, lost } = placesOf(6);
		for (let i = 0; i < 6; i++) expect(fill(`e${i}`, 1, "evil.example")).toBe(1);
		expect(fill("alice", 9)).toBe(3);
		expect(lost).toHaveLength(3);
		// Among its own, an account of it still gives way to one that has fewer.
		expect(places.take("late", at("late", "evil.example"))).toBe("all");
		expect(fill("bob", 1)).toBe(1);
		expect(lost.at(-1)).toBe("alice 2");
	});

	it("of one that was lost are not given back twice", () => {
		const { places, fill, lost } = placesOf(2);
		fill("greedy", 2);
		fill("alice", 1);
		expect(lost).toEqual(["greedy 1"]);
		expect([places.leave("greedy 1"), places.leave("greedy 0"), places.leave("greedy 0")]).toEqual([
			false,
			true,
			false,
		]);
		fill("greedy", 1);
		expect([places.size, places.of(at("greedy")), places.of(at("alice"))]).toEqual([2, 1, 1]);
	});

	it("are no more than there are, also where what is lost wants one again at once", () => {
		const again: (string | undefined)[] = [];
		const onLost = (item: string) => void again.push(places.take(`${item} again`, at("greedy")));
		const places = new Places<string>({ max: 3, onLost });
		for (const item of ["a", "b", "c"]) places.take(item, at("greedy"));
		places.take("d", at("alice"));
		expect([places.size, places.of(at("greedy")), places.of(at("alice"))]).toEqual([3, 2, 1]);
		expect(again).toEqual(["all"]);
	});
});
