import { describe, expect, it } from "vitest";
import { KnownNodes } from "./known-nodes.js";

const node = (i: number) => `worker@example.org/${i}`;

describe("the nodes that a host knows", () => {
	it("are those of the last time, too, until it has settled", () => {
		let changes = 0;
		const nodes = new KnownNodes([node(1), node(2)], () => changes++);
		nodes.set(node(2), true);
		nodes.set(node(2), true);
		nodes.set(node(3), true);
		expect(nodes.all().sort()).toEqual([node(1), node(2), node(3)]);
		nodes.set(node(3), false);
		expect(changes).toBe(3);
		nodes.forgetLastTime();
		expect([nodes.all(), changes]).toEqual([[node(2)], 4]);
		nodes.forgetLastTime();
		expect(changes).toBe(4);
	});

	it("are bounded in number and length; who is here comes first", () => {
		const many = Array.from({ length: 5_000 }, (_, i) => node(i));
		const nodes = new KnownNodes(many, () => {});
		expect(nodes.all()).toHaveLength(1_024);
		nodes.set("a@example.org/here", true);
		nodes.set(`a@example.org/${"x".repeat(600)}`, true);
		expect(nodes.all()).toHaveLength(1_024);
		expect(nodes.all()[0]).toBe("a@example.org/here");
		expect(nodes.all().every((each) => each.length < 512)).toBe(true);
	});
});
