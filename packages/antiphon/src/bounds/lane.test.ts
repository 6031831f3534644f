import { Jid } from "@antiphon/protocol";
import { describe, expect, it } from "vitest";
import { Lane } from "./lane.js";

function lane() {
	const waiting = new Lane();
	const refused: string[] = [];
	return {
		refused,
		/** @returns whether it waits now */
		push: (who: string) => {
			const before = refused.length;
			waiting.push({ who: Jid.parse(who), work: () => {}, refuse: () => void refused.push(who) });
			return !refused.slice(before).includes(who);
		},
		/** Whose turn it is, again and again. */
		take: (count: number) => Array.from({ length: count }, () => waiting.shift()?.who.toString()),
		isEmpty: () => waiting.isEmpty,
	};
}

describe("those who wait in a lane", () => {
	it("take turns by domain, and in a domain by account, whatever their resource", () => {
		const { push, take, isEmpty } = lane();
		for (const who of ["a@x/1", "a@x/2", "b@x", "a@x/1", "c@y", "d@y", "z"]) push(who);
		expect(take(8)).toEqual(["a@x/1", "c@y", "z", "b@x", "d@y", "a@x/2", "a@x/1", undefined]);
		expect(isEmpty()).toBe(true);
	});

	it("are refused what is too much of one account", () => {
		const { push, take, refused } = lane();
		for (let i = 0; i < 512; i++) expect(push(`greedy@x/${i}`)).toBe(true);
		expect(push("greedy@x/y")).toBe(false);
		expect(push("alice@x")).toBe(true);
		expect(refused).toEqual(["greedy@x/y"]);
		take(1);
		expect(push("greedy@x/y")).toBe(true);
	});

	it("have a place also where many accounts of one domain ask, for one thing each", () => {
		const { push, refused } = lane();
		for (let i = 0; i < 4_096; i++) push(`x${i}@evil`);
		expect(push("x@evil")).toBe(false);
		// Those who have fewer get them from those who have most, the last first.
		for (let i = 0; i < 300; i++) expect(push(`worker${i}@home`)).toBe(true);
		expect(new Set(refused.map((who) => who.split("@")[1]))).toEqual(new Set(["evil"]));
		// Nobody takes from who has as few as himself.
		for (let i = 0; i < 3_000; i++) push(`y${i}@home`);
		expect(push("one@more")).toBe(true);
		expect(push("y1@home")).toBe(false);
	});

	it("get one of those that another account of their domain has too many of", () => {
		const { push, refused } = lane();
		for (const name of ["a", "b", "c", "d", "e", "f", "g"]) for (let i = 0; i < 512; i++) push(`${name}@x`);
		for (let i = 0; i < 510; i++) push("h@x");
		expect([push("alice@x"), push("alice@x"), push("alice@x"), push("h@x")]).toEqual([true, true, true, true]);
		expect(refused).toEqual(["a@x", "b@x"]);
		expect(push("i@x")).toBe(true);
	});
});
