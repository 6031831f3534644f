import { describe, expect, it } from "vitest";
import { Waiters } from "./waiters.js";

const HOME = "example.org";
const callOf = (account: string, id: number) => `${account}\n${id}`;

/** Somebody waits for so many calls, from the first on. */
function wait(waiters: Waiters, account: string, count: number, from = 0): void {
	for (let id = from; id < from + count; id++) waiters.add(callOf(account, id), `${account}/x`);
}

/** Which of so many calls somebody still waits for; nobody does then. */
function waited(waiters: Waiters, account: string, count: number): number[] {
	return Array.from({ length: count }, (_, id) => id).filter((id) => waiters.take(callOf(account, id)).length > 0);
}

describe("who waits for outcomes", () => {
	it("is told, every address of it, and nobody who is gone", () => {
		const waiters = new Waiters(10, HOME);
		for (const resource of ["a", "b", "c"])
			waiters.add(callOf("alice@example.org", 1), `alice@example.org/${resource}`);
		waiters.add(callOf("alice@example.org", 1), "alice@example.org/a");
		waiters.gone("alice@example.org/b");
		expect(waiters.take(callOf("alice@example.org", 1))).toEqual(["alice@example.org/a", "alice@example.org/c"]);
		expect(waiters.take(callOf("alice@example.org", 1))).toEqual([]);
	});

	it("and asks for more and more forgets its own oldest, and nobody else", () => {
		const waiters = new Waiters(100, HOME);
		wait(waiters, "alice@example.org", 20);
		wait(waiters, "bob@elsewhere.example", 20);
		wait(waiters, "mallory@example.org", 1_000);
		expect(waited(waiters, "alice@example.org", 20)).toHaveLength(20);
		expect(waited(waiters, "bob@elsewhere.example", 20)).toHaveLength(20);
		expect(waited(waiters, "mallory@example.org", 1_000)).toEqual(Array.from({ length: 60 }, (_, i) => 940 + i));
	});

	it("shares with all of a foreign domain, where it is the account with most that forgets", () => {
		const waiters = new Waiters(100, HOME);
		wait(waiters, "alice@example.org", 10);
		wait(waiters, "carol@evil.example", 3);
		for (let account = 0; account < 500; account++) wait(waiters, `m${account}@evil.example`, 2);
		expect(waited(waiters, "alice@example.org", 10)).toHaveLength(10);
		const another = new Waiters(100, HOME);
		wait(another, "carol@evil.example", 10);
		wait(another, "mallory@evil.example", 1_000);
		expect(waited(another, "carol@evil.example", 10)).toHaveLength(10);
	});

	it("has as many places as are left when somebody is gone, however that came", () => {
		const waiters = new Waiters(50, HOME);
		for (let round = 0; round < 3; round++) {
			wait(waiters, "alice@example.org", 30);
			wait(waiters, "mallory@evil.example", 200);
			waiters.gone("alice@example.org/x");
			for (let id = 0; id < 200; id++) waiters.take(callOf("mallory@evil.example", id));
			if (round === 1) {
				wait(waiters, "alice@example.org", 30);
				waiters.clear();
			}
			wait(waiters, "bob@example.org", 50);
			expect(waited(waiters, "bob@example.org", 50)).toHaveLength(50);
		}
	});
});
