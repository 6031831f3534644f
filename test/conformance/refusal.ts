import { BusError, type BusErrorCode, type Executed, encodeFault } from "@antiphon/protocol";
import { expect } from "vitest";

/** How a vector says that something is refused. */
export interface Refusal {
	readonly code: BusErrorCode;
	readonly executed: Executed;
	readonly condition?: string;
	readonly type?: string;
}

/** What is refused, and how it is told to whoever asked. */
export function expectRefusal(read: () => unknown, expected: Refusal | undefined): void {
	let thrown: unknown;
	try {
		thrown = { accepted: read() };
	} catch (error) {
		thrown = error;
	}
	expect(thrown).toBeInstanceOf(BusError);
	const error = thrown as BusError;
	expect({ code: error.code, executed: error.executed }).toEqual({
		code: expected?.code,
		executed: expected?.executed,
	});
	if (expected?.condition === undefined) return;
	const { condition, type } = encodeFault(error, "json");
	expect({ condition, type }).toEqual({ condition: expected.condition, type: expected.type });
}
