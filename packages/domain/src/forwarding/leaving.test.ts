import { expect, it } from "vitest";
import { Leaving } from "./leaving.js";

function awaited() {
	const one = { isAwaited: true, told: 0, changed: () => void one.told++ };
	return one;
}

it("What is waited for hears of changes of its service until nobody waits any more", () => {
	const leaving = new Leaving();
	const [one, other, idle] = [awaited(), awaited(), { ...awaited(), isAwaited: false }];
	leaving.add("a", one);
	leaving.add("b", other);
	leaving.add("a", idle);
	leaving.tell("a");
	leaving.tellAll();
	expect([one.told, other.told, idle.told]).toEqual([2, 1, 0]);
	one.isAwaited = false;
	for (let i = 0; i < 3; i++) leaving.tell("a");
	expect(one.told).toBe(3);
});

it("A change costs the same however many have left a service before", () => {
	const leaving = new Leaving();
	const many = Array.from({ length: 500 }, awaited);
	for (const each of many) leaving.add("a", each);
	leaving.tell("a");
	expect(many.filter(({ told }) => told > 0)).toEqual(many.slice(-8));
});
