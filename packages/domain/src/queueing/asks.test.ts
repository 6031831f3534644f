import type { QueueEvent } from "@antiphon/delivery";
import { BusError } from "@antiphon/protocol";
import { expect, it } from "vitest";
import { Asks } from "./asks.js";

const purge = (ask: number): Extract<QueueEvent, { readonly ask: number }> => ({ type: "purge", ask, n: 1 });
const overloaded = { is: "refused", refusal: { code: "overloaded", executed: "no" } };

function world(home?: string) {
	const taken: Extract<QueueEvent, { readonly ask: number }>[] = [];
	const control = { takes: true };
	const asks = new Asks((event) => {
		if (control.takes) taken.push(event as (typeof taken)[number]);
		return control.takes;
	}, home);
	const answerAll = () => {
		for (const { ask } of taken.splice(0)) asks.answer(ask, { is: "purged" });
	};
	return { asks, taken, control, answerAll };
}

it("Each question gets its own answer, once", async () => {
	const { asks, taken } = world();
	const answers = [asks.ask(purge), asks.ask(purge, "a@example.org")];
	const [first, second] = taken.map(({ ask }) => ask);
	asks.answer(second as number, { is: "released" });
	asks.answer(second as number, { is: "purged" });
	asks.answer(first as number, { is: "purged" });
	expect(await Promise.all(answers)).toEqual([{ is: "purged" }, { is: "released" }]);
});

it("Questions of one account have a bound; providers ask all the same", async () => {
	const { asks, taken, answerAll } = world("example.org");
	const first = Array.from({ length: 1_025 }, () => asks.ask(purge, "a@example.org"));
	expect(await first.at(-1)).toMatchObject(overloaded);
	void asks.ask(purge);
	expect(taken).toHaveLength(1_025);
	answerAll();
	expect(await first[0]).toEqual({ is: "purged" });
	void asks.ask(purge, "a@example.org");
	expect(taken).toHaveLength(1);
});

it("Where several callers ask for all places, some are left for whoever has none, and of a foreign domain for others of it", () => {
	const { asks, taken } = world("example.org");
	/** How many of so many questions are taken. */
	const ask = (account: string, count = 2_000) => {
		const before = taken.length;
		for (let i = 0; i < count; i++) void asks.ask(purge, account);
		return taken.length - before;
	};
	expect(ask("mallory@elsewhere.example")).toBe(1_024);
	ask("eve@elsewhere.example");
	expect(ask("alice@elsewhere.example", 100)).toBe(100);
	for (let i = 0; i < 30; i++) ask(`m${i}@elsewhere.example`);
	// All accounts of one domain have half of the places at most.
	expect(taken.length).toBeLessThanOrEqual(1_536);
	for (let i = 0; i < 3; i++) ask(`m${i}@example.org`);
	expect(ask("alice@example.org", 64)).toBe(64);
	expect(ask("bob@other.example", 32)).toBe(32);
});

it("What the engine does not take is refused, and what was not stored, with what is known of it", async () => {
	const { asks, taken, control } = world();
	const answers = [asks.ask(purge), asks.ask(purge)];
	asks.refuse(taken.slice(0, 1), new BusError("overloaded", "full"));
	asks.refuse(taken.slice(1), new BusError("internal", "failed"));
	expect(await Promise.all(answers)).toMatchObject([
		overloaded,
		{ is: "refused", refusal: { code: "unavailable", executed: "unknown" } },
	]);
	control.takes = false;
	expect(await asks.ask(purge)).toMatchObject(overloaded);
});
