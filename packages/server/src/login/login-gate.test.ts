import { afterEach, describe, expect, it, vi } from "vitest";
import type { XmlStream } from "../streams/xml-stream.js";
import { LoginGate } from "./login-gate.js";

afterEach(() => void vi.useRealTimers());

function gateOf(maxUnauthenticated: number) {
	vi.useFakeTimers();
	const gate = new LoginGate({ maxUnauthenticated, loginTimeoutMs: 1000 });
	const closed: string[] = [];
	const enter = (name: string, address: string) => {
		const leave = gate.enter({ fail } as unknown as XmlStream, address);
		function fail(condition: string) {
			closed.push(`${name} ${condition}`);
			leave();
		}
		gate.makeRoom();
		return leave;
	};
	return { gate, closed, enter };
}

describe("Too many who have not logged in", () => {
	it("cost the oldest of the address that has the most of them", () => {
		const { gate, closed, enter } = gateOf(3);
		enter("honest 1", "10.0.0.1");
		enter("flood 1", "10.0.0.2");
		enter("flood 2", "10.0.0.2");
		expect(closed).toEqual([]);
		enter("flood 3", "10.0.0.2");
		enter("honest 2", "10.0.0.3");
		enter("honest 3", "10.0.0.4");
		expect(closed).toEqual([
			"flood 1 resource-constraint",
			"flood 2 resource-constraint",
			"honest 1 resource-constraint",
		]);
		expect(gate.size).toBe(3);
	});

	it("do not cost the newest, whose turn has hardly begun", () => {
		const { closed, enter } = gateOf(1);
		for (const name of ["a", "b", "c"]) enter(name, name);
		for (const name of ["d", "e"]) enter(name, "c");
		expect(closed.map((line) => line[0])).toEqual(["a", "b", "c", "d"]);
	});
});

it("Who has not logged in within its time is closed, and who left is not counted, once or twice", () => {
	const { gate, closed, enter } = gateOf(5);
	const leave = enter("a", "x");
	enter("b", "x");
	leave();
	leave();
	expect(gate.size).toBe(1);
	vi.advanceTimersByTime(1000);
	expect(closed).toEqual(["b connection-timeout"]);
	expect([gate.size, vi.getTimerCount()]).toEqual([0, 0]);
});
