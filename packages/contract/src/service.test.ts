import { describe, expect, it } from "vitest";
import { z } from "zod";
import { type Delivery, get, type RetrySpec, service, set } from "./index.js";
import type { Schema } from "./schema.js";

const plain = get({});

describe("service", () => {
	it("keeps name, version and functions, and cannot be changed afterwards", () => {
		const functions = { define: get({}), learn: set({}) };
		const dictionary = service("dictionary", "1.2.3", functions);
		expect(dictionary).toEqual({ name: "dictionary", version: "1.2.3", functions });
		Object.assign(functions, { Define: get({}) });
		expect(Object.keys(dictionary.functions)).toEqual(["define", "learn"]);
		expect(Object.isFrozen(dictionary)).toBe(true);
		expect(Object.isFrozen(dictionary.functions)).toBe(true);
	});

	it.each(["", "Dictionary", "-a", "a-", "a.b", "a b", "a@b", "ä", "__proto__", "a".repeat(65)])(
		"refuses the service name %j",
		(name) => expect(() => service(name, "1.0.0", { f: plain })).toThrow(/^service name ".*": use/),
	);

	it.each(["a", "0", "a-b", "a".repeat(64)])("takes the service name %j", (name) => {
		expect(service(name, "1.0.0", { f: plain }).name).toBe(name);
	});

	it.each(["", "1", "1.0", "1.0.0-rc.1", "v1.0.0", "01.0.0", "1.0.0 ", "1.0.1234567890"])(
		"refuses the version %j",
		(version) => expect(() => service("a", version, { f: plain })).toThrow(/is not major\.minor\.patch/),
	);

	it.each(["", "_a", "-a", "a-", "a.b", "a b", "é", "__proto__", "a".repeat(65)])(
		"refuses the function name %j",
		(name) => expect(() => service("a", "1.0.0", { [name]: plain })).toThrow(/function name/),
	);

	it.each(["define", "getWord", "get_word", "get-word", "a_", "0", "constructor", "toString", "a".repeat(64)])(
		"takes the function name %j",
		(name) => expect(Object.keys(service("a", "1.0.0", { [name]: plain }).functions)).toEqual([name]),
	);

	it("refuses two functions whose names differ only in case, and names both", () => {
		expect(() => service("a", "1.0.0", { getWord: plain, getword: plain })).toThrow(/getWord and getword differ/);
	});

	it("refuses a function called then, which would make a client look like a promise", () => {
		const name = "then";
		expect(() => service("a", "1.0.0", { [name]: plain })).toThrow(/cannot be called "then"/);
	});

	it("refuses a service without functions", () => {
		expect(() => service("a", "1.0.0", {})).toThrow("service a has no functions");
	});

	it.each(["", "Unknown", "unknown_word", "-a", "a-", "a.b", "a".repeat(65)])("refuses the fault name %j", (fault) => {
		const fn = get({ faults: { [fault]: z.object({}) } });
		expect(() => service("a", "1.0.0", { fn })).toThrow(/^a\.fn: fault name/);
	});

	it("says which schema it cannot use, when the service is declared", () => {
		const bare = { "~standard": { version: 1, vendor: "x", validate: (value: unknown) => ({ value }) } };
		for (const unusable of [bare, {}, null, "string", 7, { "~standard": {} }] as unknown as Schema[]) {
			expect(() => service("a", "1.0.0", { fn: get({ input: unusable }) })).toThrow(
				/^a\.fn: input must be a schema of zod 4\.2 or newer/,
			);
			expect(() => service("a", "1.0.0", { fn: get({ output: unusable }) })).toThrow(/^a\.fn: output must be/);
			expect(() => service("a", "1.0.0", { fn: get({ faults: { no: unusable } }) })).toThrow(
				/^a\.fn: the data of fault no must be/,
			);
		}
	});

	it("refuses what get() and set() did not make", () => {
		for (const made of [undefined, null, {}, { kind: "get" }, { kind: "put", faults: {} }]) {
			expect(() => service("a", "1.0.0", { fn: made as never })).toThrow("a.fn must be declared with get() or set()");
		}
	});

	it("refuses a delivery that does not exist", () => {
		const fn = set({ delivery: "exactly-once" as never });
		expect(() => service("a", "1.0.0", { fn })).toThrow(/a\.fn: delivery must be one of at-most-once/);
	});

	describe("that says how a function is tried again", () => {
		const faults = { busy: z.null(), full: z.null() };
		const of = (retry: unknown, delivery: Delivery = "at-least-once") =>
			service("a", "1.0.0", { fn: set({ delivery, faults, retry: retry as RetrySpec<never> }) }).functions.fn.retry;

		it("has what it states, and defaults", () => {
			expect(of({})).toEqual({
				attempts: 8,
				backoffMs: 1_000,
				maxBackoffMs: 300_000,
				attemptTimeoutMs: 60_000,
				faults: [],
			});
			const all = { attempts: 1, backoffMs: 5, maxBackoffMs: 7, attemptTimeoutMs: 86_400_000 };
			expect(of({ ...all, faults: ["full", "busy"] }, "effectively-once")).toEqual({
				...all,
				faults: ["busy", "full"],
			});
			expect(of({ attempts: undefined, faults: undefined })).toEqual(of({}));
			expect(of({ backoffMs: 600_000 })).toMatchObject({ backoffMs: 600_000, maxBackoffMs: 600_000 });
			expect(service("a", "1.0.0", { fn: set({ delivery: "at-least-once" }) }).functions.fn.retry).toBeUndefined();
		});

		it.each([
			[{ attempts: 0 }, "retry.attempts must be a whole number from 1 to 100"],
			[{ attempts: 101 }, "retry.attempts must be a whole number from 1 to 100"],
			[{ attempts: 1.5 }, "retry.attempts must be a whole number from 1 to 100"],
			[{ backoffMs: 0 }, "retry.backoffMs must be a whole number from 1 to 86400000"],
			[{ maxBackoffMs: 86_400_001 }, "retry.maxBackoffMs must be a whole number from 1 to 86400000"],
			[{ attemptTimeoutMs: "1" }, "retry.attemptTimeoutMs must be a whole number from 1 to 86400000"],
			[{ maxBackoffMs: 999 }, "retry.maxBackoffMs must be at least backoffMs"],
			[{ faults: "busy" }, "retry.faults must be a list of names of declared faults"],
			[{ faults: ["bussy"] }, 'retry.faults must name faults that the function declares, each once, and has "bussy"'],
			[{ attempt: 3 }, "retry.attempt: there is no such setting; did you mean attempts?"],
		])("refuses %j", (retry, why) => {
			expect(() => of(retry)).toThrow(new TypeError(`a.fn: ${why}`));
		});

		it.each([null, 7, "often"])("refuses %j, which is no settings", (retry) => {
			expect(() => of(retry)).toThrow(new TypeError("a.fn: retry must be an object"));
		});

		it("refuses it of a function that runs at most once", () => {
			expect(() => of({ attempts: 3 }, "at-most-once")).toThrow(
				'a.fn: retry is for durable functions: state delivery "at-least-once" or "effectively-once", or leave retry out',
			);
		});
	});
});
