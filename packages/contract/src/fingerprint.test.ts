import { describe, expect, it } from "vitest";
import { z } from "zod";
import { describe as describeService, type Functions, get, type RetrySpec, service, set } from "./index.js";

const print = (functions: Functions, name = "a", version = "1.0.0") =>
	describeService(service(name, version, functions)).fingerprint;

const base = () => ({
	define: get({
		summary: "Look a word up",
		input: z.object({ word: z.string().min(1), near: z.number().default(3) }),
		output: z.object({ text: z.string() }),
		faults: { unknown: z.object({ near: z.array(z.string()) }) },
	}),
	forget: set({ input: z.object({ word: z.string() }) }),
});

describe("fingerprint", () => {
	it("is 128 bits, base64url, and the same each time", () => {
		expect(print(base())).toMatch(/^[A-Za-z0-9_-]{22}$/);
		expect(print(base())).toBe(print(base()));
	});

	it("is what it was before functions could state how they are tried again, for those that do not", () => {
		expect(print(base())).toBe("9gAZsMBQhClX-OpE8bDxm1");
		const durable = {
			a: set({ delivery: "at-least-once" }),
			b: set({ delivery: "effectively-once", input: z.string(), faults: { busy: z.null() } }),
		};
		expect(print(durable, "durable", "2.1.0")).toBe("LlsdCPDzcNUMUTlfy8Ia1S");
	});

	it("counts how a function is tried again where that is stated, with the defaults that it then has", () => {
		const faults = { busy: z.null(), full: z.null() };
		const of = (retry?: RetrySpec<"busy" | "full">) =>
			print({ f: set({ delivery: "at-least-once", faults, ...(retry && { retry }) }) });
		const whole = { attempts: 3, backoffMs: 1_000, maxBackoffMs: 300_000, attemptTimeoutMs: 60_000, faults: [] };
		expect(of({ attempts: 3 })).toBe(of(whole));
		expect(of({ attempts: 3 })).toBe("QeNLFjmxunTEH-kW3ZkxI4");
		expect(of({ faults: ["busy", "full"] })).toBe(of({ faults: ["full", "busy"] }));
		const different = [
			of(),
			of({}),
			of({ attempts: 3 }),
			of({ backoffMs: 3 }),
			of({ maxBackoffMs: 300_001 }),
			of({ attemptTimeoutMs: 3 }),
			of({ faults: ["busy"] }),
			of({ faults: ["full"] }),
		];
		expect(new Set(different).size).toBe(different.length);
	});

	it("does not depend on the order of functions, fields and faults", () => {
		const { define, forget } = base();
		expect(print({ forget, define })).toBe(print({ define, forget }));
		const one = z.object({ a: z.string(), b: z.object({ c: z.number(), d: z.number() }) });
		const two = z.object({ b: z.object({ d: z.number(), c: z.number() }), a: z.string() });
		expect(print({ f: get({ input: one }) })).toBe(print({ f: get({ input: two }) }));
	});

	it("does not depend on what is written for people, nor on default values", () => {
		const plain = get({ input: z.object({ a: z.string(), at: z.number().default(1) }) });
		const told = get({
			summary: "Says more",
			input: z.object({ a: z.string().describe("a word"), at: z.number().default(2) }).meta({ title: "Input" }),
		});
		expect(print({ f: plain })).toBe(print({ f: told }));
	});

	it("does not depend on words for people among alternatives, with which they are written in another way", () => {
		const number = z.number().describe("in metres");
		const input = (schema: z.ZodType) => print({ f: get({ input: z.object({ a: schema }) }) });
		expect(input(number.nullable())).toBe(input(z.number().nullable()));
		expect(input(z.union([number, z.string(), z.null()]))).toBe(input(z.union([z.number(), z.string(), z.null()])));
		expect(input(z.union([number, z.number().describe("in feet")]))).toBe(input(z.number()));
		expect(input(number.nullable())).not.toBe(input(z.string().nullable()));
		expect(input(z.union([z.string().min(1), z.null()]))).not.toBe(input(z.string().nullable()));
		expect(input(z.object({ anyOf: z.null() }))).not.toBe(input(z.null()));
	});

	it("is the same in two processes when a default is made up anew each time", () => {
		const make = () => get({ input: z.object({ id: z.string().default(() => crypto.randomUUID()) }) });
		expect(print({ f: make() })).toBe(print({ f: make() }));
	});

	it("takes fields called default, title and description for fields", () => {
		const shape = (name: string) => get({ input: z.object({ [name]: z.string().optional() }) });
		const empty = print({ f: get({ input: z.object({}) }) });
		const names = ["default", "title", "description", "examples", "required"];
		expect(new Set([empty, ...names.map((name) => print({ f: shape(name) }))]).size).toBe(names.length + 1);
	});

	it("takes members of a constant for data", () => {
		const constant = (value: unknown) => {
			const schema = z.unknown();
			const standard = { ...schema["~standard"], jsonSchema: { input: () => ({ const: value }), output: () => ({}) } };
			return print({ f: get({ input: { "~standard": standard } }) });
		};
		expect(constant({ title: "a" })).not.toBe(constant({ title: "b" }));
		expect(constant({ required: ["a", "b"] })).not.toBe(constant({ required: ["b", "a"] }));
	});

	it("changes when anything changes that matters", () => {
		const { define, forget } = base();
		const variants: string[] = [
			print(base()),
			print(base(), "b"),
			print(base(), "a", "1.0.1"),
			print({ define }),
			print({ define, forgets: forget }),
			print({ define, forget: get({ input: z.object({ word: z.string() }) }) }),
			print({ define, forget: set({ input: z.object({ word: z.string() }), delivery: "at-least-once" }) }),
			print({ define, forget: set({ input: z.object({ word: z.string().optional() }) }) }),
			print({ define, forget: set({ input: z.object({ word: z.number() }) }) }),
			print({ define, forget: set({ input: z.object({ words: z.string() }) }) }),
			print({ define, forget: set({ input: z.strictObject({ word: z.string() }) }) }),
			print({ define, forget: set({ input: z.object({ word: z.string().max(9) }) }) }),
			print({ define, forget: set({ input: z.object({ word: z.enum(["a"]) }) }) }),
			print({ define, forget: set({ input: z.object({ word: z.enum(["a", "b"]) }) }) }),
			print({ define, forget: set({}) }),
			print({ define, forget: set({ input: z.object({ word: z.string() }), output: z.null() }) }),
			print({ define, forget: set({ input: z.object({ word: z.string() }), faults: { no: z.null() } }) }),
			print({ define, forget: set({ input: z.object({ word: z.string() }), faults: { never: z.null() } }) }),
			print({ define, forget: set({ input: z.object({ word: z.string() }), faults: { no: z.string() } }) }),
		];
		expect(new Set(variants).size).toBe(variants.length);
	});
});
