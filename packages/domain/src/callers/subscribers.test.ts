import { Jid } from "@antiphon/protocol";
import { describe, expect, it } from "vitest";
import { Subscribers } from "./subscribers.js";

const who = (name: string, resource = "x") => Jid.parse(`${name}@example.org/${resource}`);

describe("subscribers", () => {
	it("are accounts, whatever their resource, and come back from what was stored", () => {
		let changes = 0;
		const subscribers = new Subscribers(10, {}, () => void changes++);
		expect(subscribers.add("dictionary", who("alice"))).toBe(true);
		expect(subscribers.add("dictionary", who("alice", "other"))).toBe(true);
		expect(changes).toBe(1);
		const after = new Subscribers(10, subscribers.all(), () => {});
		expect(after.has("dictionary", who("alice", "third"))).toBe(true);
		expect([...after.of("dictionary")]).toEqual(["alice@example.org"]);
		after.remove("dictionary", who("alice"));
		after.remove("dictionary", who("alice"));
		expect(after.watched()).toEqual([]);
		expect(after.all()).toEqual({});
	});

	it("are accounts: what a file has that is none is left out", () => {
		const known = { dictionary: ["Alice@EXAMPLE.org/x", "no account", "@", "alice@example.org"] };
		const subscribers = new Subscribers(10, known, () => {});
		expect(subscribers.all()).toEqual({ dictionary: ["alice@example.org"] });
	});

	it("are bounded in all and for each account; places come free again", () => {
		const subscribers = new Subscribers(1_030, {}, () => {});
		for (let i = 0; i < 1_024; i++) expect(subscribers.add(`s${i}`, who("greedy"))).toBe(true);
		for (let i = 0; i < 10_000; i++) expect(subscribers.add(`t${i}`, who("greedy"))).toBe(false);
		for (let i = 0; i < 6; i++) expect(subscribers.add("s", who(`user${i}`))).toBe(true);
		expect(subscribers.add("s", who("late"))).toBe(false);
		subscribers.remove("s0", who("greedy"));
		expect(subscribers.add("s", who("late"))).toBe(true);
	});
});
