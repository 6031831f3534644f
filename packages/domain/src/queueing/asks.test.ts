import type { QueueEvent } from "@antiphon/delivery";
import { BusError } from "@antiphon/protocol";
import { expect, it } from "vitest";
import { Asks } from "./asks.js";

const purge = (ask: number): Extract<QueueEvent, { readonly ask: number }> => ({ type: "purge", ask, n: 1 });
const overloaded = { is: "refused", refusal: { code: "overloaded", executed: "no" } };

function world() {
	const taken: Extract<QueueEvent, { readonly ask: number }>[] = [];
	const control = { takes: true };
	const asks = new Asks((event) => {
		if (control.takes) taken.push(event as (typeof taken)[number]);
		return control.takes;
	});
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

it("Questions of one account have a bound, and so have those of all callers; providers ask all the same", async () => {
	const { asks, taken, answerAll } = world();
	const ask = (account: string, count: number) => Array.from({ length: count }, () => asks.ask(purge, account));
	const first = ask("a@example.org", 1_025);
	expect(await first.at(-1)).toMatchObject(overloaded);
	expect(await ask("b@example.org", 1_025).at(-1)).toMatchObject(overloaded);
	expect(await ask("c@example.org", 1_025).at(-1)).toMatchObject(overloaded);
	expect(await asks.ask(purge, "d@example.org")).toMatchObject(overloaded);
	void asks.ask(purge);
	expect(taken).toHaveLength(3 * 1_024 + 1);
	answerAll();
	expect(await first[0]).toEqual({ is: "purged" });
	void asks.ask(purge, "a@example.org");
	expect(taken).toHaveLength(1);
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
