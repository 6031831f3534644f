import { afterEach, expect, it, vi } from "vitest";
import { Seldom } from "./seldom.js";

afterEach(() => void vi.useRealTimers());

it("says the first of many, and later how many were left out", () => {
	vi.useFakeTimers({ toFake: ["performance"] });
	const seldom = new Seldom(1_000);
	const said: string[] = [];
	for (let i = 0; i < 100_000; i++) seldom.say((more) => said.push(more));
	expect(said).toEqual([""]);
	vi.advanceTimersByTime(1_000);
	seldom.say((more) => said.push(more));
	expect(said).toEqual(["", " (and 99999 more since the last such line)"]);
});

it("says as many as it was told to", () => {
	vi.useFakeTimers({ toFake: ["performance"] });
	const seldom = new Seldom(1_000, 2);
	const said: string[] = [];
	for (let i = 0; i < 5; i++) seldom.say((more) => said.push(more));
	vi.advanceTimersByTime(1_000);
	for (let i = 0; i < 5; i++) seldom.say((more) => said.push(more));
	expect(said).toEqual(["", "", " (and 3 more since the last such line)", ""]);
});
