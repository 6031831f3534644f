import { describe, expect, it } from "vitest";
import { Scope } from "./scope.js";

describe("Scope", () => {
	it("undoes in the reverse order, once", () => {
		const done: string[] = [];
		const scope = new Scope();
		scope.defer(() => done.push("first"));
		scope.defer(() => done.push("second"));
		scope[Symbol.dispose]();
		scope[Symbol.dispose]();
		expect(done).toEqual(["second", "first"]);
	});

	it("runs at once what is added after its end, also by a step", () => {
		const done: string[] = [];
		const scope = new Scope();
		scope.defer(() => scope.defer(() => done.push("late")));
		scope[Symbol.dispose]();
		scope.defer(() => done.push("later"));
		expect(done).toEqual(["late", "later"]);
	});

	it("runs every step though one throws, and tells of all that threw", () => {
		const done: string[] = [];
		const scope = new Scope();
		scope.defer(() => done.push("first"));
		scope.defer(() => {
			throw new Error("a");
		});
		scope.defer(() => {
			throw new Error("b");
		});
		try {
			scope[Symbol.dispose]();
			expect.fail("it did not throw");
		} catch (error) {
			expect(error).toBeInstanceOf(AggregateError);
			expect((error as AggregateError).errors.map(String)).toEqual(["Error: b", "Error: a"]);
		}
		expect(done).toEqual(["first"]);
	});
});
