import { describe, expect, it } from "vitest";
import { BUS_ERROR_CODES, BusError, type Executed, isBusErrorCode } from "./errors.js";

describe("BusError", () => {
	it.each([
		["invalid-argument", "no"],
		["unimplemented", "no"],
		["not-found", "no"],
		["unavailable", "no"],
		["forbidden", "no"],
		["unauthenticated", "no"],
		["overloaded", "no"],
		["too-large", "no"],
		["conflict", "no"],
		["fault", "yes"],
		["internal", "unknown"],
		["deadline-exceeded", "unknown"],
		["cancelled", "unknown"],
		["link-lost", "unknown"],
		["protocol", "unknown"],
	] as const)("with the code %s says executed %s unless it is told better", (code, executed) => {
		expect(new BusError(code, "x").executed).toBe(executed satisfies Executed);
		expect(new BusError(code, "x", { executed: "unknown" }).executed).toBe("unknown");
		expect(isBusErrorCode(code)).toBe(true);
	});

	it("has a closed list of codes", () => {
		expect(BUS_ERROR_CODES).toHaveLength(15);
		for (const text of ["", "Fault", "toString", "__proto__", "timeout"]) expect(isBusErrorCode(text)).toBe(false);
	});

	it("bears the name of the fault for a fault, and its own for everything else", () => {
		expect(new BusError("fault", "x", { name: "unknown-word", data: { near: [] } })).toMatchObject({
			name: "unknown-word",
			data: { near: [] },
		});
		expect(new BusError("fault", "x").name).toBe("fault");
		expect(new BusError("conflict", "x", { name: "unknown-word" }).name).toBe("BusError");
	});

	it("keeps its cause, and has no such property without one", () => {
		const cause = new Error("why");
		expect(new BusError("internal", "x", { cause }).cause).toBe(cause);
		expect("cause" in new BusError("internal", "x")).toBe(false);
	});
});

describe("BusError.from", () => {
	it("gives a BusError back as it is", () => {
		const error = new BusError("conflict", "x");
		expect(BusError.from(error)).toBe(error);
	});

	it("takes an abort for cancelled, and the timeout of a signal for a deadline", () => {
		const aborted = AbortSignal.abort();
		expect(BusError.from(aborted.reason)).toMatchObject({ code: "cancelled", executed: "unknown" });
		expect(BusError.from(new DOMException("late", "TimeoutError"))).toMatchObject({
			code: "deadline-exceeded",
			message: "late",
		});
	});

	it("takes every other error for internal, with the error as its cause", () => {
		const cause = new TypeError("x is undefined");
		expect(BusError.from(cause)).toMatchObject({ code: "internal", executed: "unknown", cause });
	});

	const revoked = Proxy.revocable({}, {});
	revoked.revoke();
	class Unreadable extends Error {
		override get message(): string {
			throw new Error("no");
		}
	}
	it.each([
		["undefined", undefined],
		["null", null],
		["a string", "no"],
		["a symbol", Symbol("no")],
		["a bigint", 1n],
		["an object without prototype", Object.create(null)],
		[
			"an object whose toString throws",
			{
				toString: () => {
					throw new Error("no");
				},
			},
		],
		["an error whose message throws", new Unreadable()],
		["an error whose message is no string", Object.assign(new Error(), { message: Symbol("no") })],
		["a revoked Proxy", revoked.proxy],
	])("makes an internal error of %s and does not throw", (_, thrown) => {
		const error = BusError.from(thrown);
		expect(error).toMatchObject({ code: "internal", executed: "unknown" });
		expect(error.message).toEqual(expect.any(String));
	});
});
