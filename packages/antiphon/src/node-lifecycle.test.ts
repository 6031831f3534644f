import { BusError } from "@antiphon/protocol";
import { describe, expect, it } from "vitest";
import { NodeLifecycle, type NodeState } from "./node-lifecycle.js";

const online: NodeState = { state: "online", jid: "node@example.org/x" };
const connecting: NodeState = { state: "connecting", attempt: 2 };

describe("the life of a node", () => {
	it("comes and goes with its link as long as it is open", () => {
		const lifecycle = new NodeLifecycle();
		for (const state of [online, connecting, connecting, online]) expect(lifecycle.become(state)).toBe(true);
		expect(lifecycle.isOpen).toBe(true);
	});

	it("goes from draining to closing to closed, never back and nowhere twice", async () => {
		const lifecycle = new NodeLifecycle();
		const states: NodeState[] = [online, { state: "draining" }, { state: "closing" }, { state: "closed" }];
		for (const [index, state] of states.entries()) {
			expect(lifecycle.become(state)).toBe(true);
			expect(lifecycle.isOpen).toBe(index === 0);
			if (index > 0) for (const earlier of states.slice(0, index + 1)) expect(lifecycle.become(earlier)).toBe(false);
		}
		await expect(lifecycle.closed).resolves.toBeUndefined();
	});

	it("can end from anywhere, once, with its cause", async () => {
		const lifecycle = new NodeLifecycle();
		const cause = new BusError("conflict", "somebody else logged in");
		expect(lifecycle.become({ state: "closed", cause })).toBe(true);
		expect(lifecycle.become({ state: "closed" })).toBe(false);
		await expect(lifecycle.closed).resolves.toBe(cause);
	});

	it("does not tell of closing, only of what comes of it", async () => {
		const lifecycle = new NodeLifecycle();
		lifecycle.become(online);
		lifecycle.become({ state: "closing" });
		const reader = lifecycle.status()[Symbol.asyncIterator]();
		expect((await reader.next()).value).toBe(online);
		lifecycle.become({ state: "closed" });
		expect((await reader.next()).value).toEqual({ state: "closed" });
		expect((await reader.next()).done).toBe(true);
	});
});
