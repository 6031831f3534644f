import {
	BusError,
	type CallContentName,
	decodeContent,
	decodeStanzaError,
	encodeCancel,
	encodeContentRequest,
	encodeFaultAlone,
	encodeOrder,
	encodeSettle,
	type LeaseRef,
	type Log,
} from "@antiphon/protocol";
import { describe, expect, it } from "vitest";
import { NAME } from "../testing/bus.js";
import { AT, call, conditionOf, keeping, pull, settle, submit, submitted, taken } from "../testing/durable.js";
import { Party } from "../testing/party.js";

const LONG = "x".repeat(2_000);

async function world() {
	const lines: string[] = [];
	const write = (message: string) => void lines.push(message);
	const log: Log = { debug: write, info: write, warn: write, error: write };
	const everybody = [{ allow: "*@example.org" }];
	const access = { register: everybody, call: everybody, admin: [{ allow: "boss@example.org" }] };
	const made = await keeping({ log, access });
	const boss = await Party.join(made.bus, "boss@example.org/desk");
	const ask = (n: number, of: CallContentName, by = boss) => by.ask("get", NAME, encodeContentRequest({ n, of }));
	const look = async (n: number, of: CallContentName) => {
		const answer = decodeContent((await ask(n, of)).child());
		expect(answer).toMatchObject({ n, of });
		return answer.element;
	};
	const why = async (n: number, of: CallContentName) => {
		const answer = await ask(n, of);
		return [conditionOf(answer), decodeStanzaError(answer).text];
	};
	const looks = () => lines.filter((line) => line.includes("looked"));
	return { ...made, boss, ask, look, why, looks, lines };
}

/** A provider reports that a run has failed. */
async function fail(by: Party, { n, token }: LeaseRef) {
	const element = encodeFaultAlone(new BusError("unavailable", "it broke", { executed: "unknown" }), "json");
	const outcome = { element, code: "unavailable" as const, name: undefined, executed: "unknown" as const };
	await by.result("set", NAME, encodeSettle([{ n, token, outcome }]));
}

describe("what is in a call", () => {
	it.each([
		["short", "in a record with others"],
		[LONG, "in a record of its own"],
	])("is shown to administrators while it is kept, and the log says who has looked", async (text) => {
		const { caller, worker, look, why, looks, boss } = await world();
		await submit(caller, ...["a", "b"].map((id) => submitted(id, { attempts: 1, call: call("words.learn", text) })));
		expect((await look(1, "input")).text()).toBe(JSON.stringify(text));
		expect(await why(1, "outcome")).toEqual(["item-not-found", "call 1 has no outcome yet"]);
		await worker.result("set", NAME, pull());
		const [first, second] = await taken(worker);
		await settle(worker, first as LeaseRef, "learned");
		await fail(worker, second as LeaseRef);
		const outcome = await look(1, "outcome");
		expect([outcome.name, outcome.text()]).toEqual(["reply", '"learned"']);
		expect(await why(1, "input")).toEqual([
			"item-not-found",
			"the input of call 1 is not kept any more: it has its outcome, and is no dead letter",
		]);
		// Of a dead letter both are there, until it is purged.
		const input = await look(2, "input");
		expect([input.name, input.attr("fn"), input.text()]).toEqual(["call", "words.learn", JSON.stringify(text)]);
		expect((await look(2, "outcome")).attr("code")).toBe("unavailable");
		await boss.result("set", NAME, encodeOrder("purge", [2]));
		expect((await why(2, "input"))[0]).toBe("item-not-found");
		expect((await look(2, "outcome")).attr("code")).toBe("unavailable");
		const looked = (of: string, n: number) =>
			`boss@example.org has looked at the ${of} of durable call ${n}, of caller@example.org`;
		expect(looks()).toEqual([
			...[looked("input", 1), looked("outcome", 1), looked("input", 2)],
			...[looked("outcome", 2), looked("outcome", 2)],
		]);
	});

	it("is shown to nobody else, not even to its caller, and that is counted and logged", async () => {
		const { caller, worker, ask, hosted, looks, lines } = await world();
		await submit(caller, submitted("a"));
		for (const by of [caller, worker]) {
			for (const of of ["input", "outcome"] as const) expect(conditionOf(await ask(1, of, by))).toBe("forbidden");
		}
		expect(hosted.denied).toBe(4);
		expect(looks()).toEqual([]);
		expect(lines.join()).toContain("refused: caller@example.org may not see what is in durable calls");
	});

	it("of a call that is not kept, or was cancelled before it came, is nothing", async () => {
		const { caller, why } = await world();
		expect(await why(7, "input")).toEqual(["item-not-found", "fn.example.org keeps no call 7"]);
		await caller.result("set", AT, encodeCancel([{ id: "a", fn: "words.learn", expiresMs: 1_000 }]));
		expect(await why(1, "input")).toEqual(["item-not-found", "call 1 was cancelled before it came: there is no input"]);
	});
});
