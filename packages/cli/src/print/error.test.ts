import { BusError } from "antiphon";
import { expect, it } from "vitest";
import { errorJson, errorLines } from "./error.js";

it("An error about a durable call says which one it is", () => {
	const callId = "q0wY:words@fn.example.org";
	const error = new BusError("deadline-exceeded", "it goes on", { callId, goesOn: true });
	expect(errorJson(error)).toEqual({
		error: { code: "deadline-exceeded", message: "it goes on", executed: "unknown", callId },
	});
	expect(errorLines(error, true).slice(1)).toEqual([`durable call ${callId}`]);
	const plain = new BusError("overloaded", "later", { retryAfterMs: 7 });
	expect(errorJson(plain)).toEqual({
		error: { code: "overloaded", message: "later", executed: "no", retryAfterMs: 7 },
	});
	expect(errorLines(plain, true)).toHaveLength(1);
});
