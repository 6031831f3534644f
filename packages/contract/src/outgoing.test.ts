import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { outgoing } from "./outgoing.js";
import type { Schema } from "./schema.js";

const sent = (schema: Schema, given: unknown) => outgoing(schema, given, "input", "invalid-argument");

const SCHEMAS = {
	stripped: z.object({ a: z.string(), b: z.number().optional() }),
	nested: z.object({ list: z.array(z.object({ a: z.string() })), one: z.object({ a: z.string() }).optional() }),
	defaults: z.object({ a: z.string().default("x"), b: z.object({ c: z.number().default(1) }).prefault({}) }),
	transformed: z.object({ a: z.string().transform((text) => text.length), b: z.coerce.number() }),
	renamed: z.object({ a: z.string(), b: z.string().optional() }).transform(({ a, b }) => ({ b: a, c: b ?? "none" })),
	swallowed: z.object({ a: z.string().optional() }).transform(({ a }) => ({ b: a ?? "none" })),
	conditional: z
		.object({ a: z.string(), b: z.string().optional() })
		.transform(({ a, b }) => (b === undefined ? { a, fallback: 1 } : { a })),
	shuffled: z.object({ a: z.string(), b: z.string() }).transform(({ a, b }) => ({ a: b, b: a })),
	preprocessed: z.preprocess(
		(value) => ({ a: (value as { b?: unknown } | null)?.b ?? "none" }),
		z.object({ a: z.string() }),
	),
	loose: z.looseObject({ a: z.string() }),
	catchall: z.object({ a: z.string() }).catchall(z.number()),
	record: z.record(z.string(), z.object({ a: z.string() })),
	keys: z.record(z.string(), z.number()).transform((record) => ({ keys: Object.keys(record) })),
	union: z.union([z.object({ a: z.string() }), z.object({ b: z.number() }), z.string(), z.null()]),
	discriminated: z.discriminatedUnion("kind", [
		z.object({ kind: z.literal("a"), a: z.string() }),
		z.object({ kind: z.literal("b"), b: z.array(z.object({ a: z.string() })) }),
	]),
	intersection: z.intersection(z.object({ a: z.string() }), z.object({ b: z.number() })),
	tuple: z.tuple([z.object({ a: z.string() }), z.number()]),
	filtered: z.array(z.object({ a: z.string() })).transform((list) => list.filter(({ a }) => a !== "")),
} satisfies Record<string, Schema>;

/** Objects over few names, so that schemas and values meet often. */
const values = fc.letrec((again) => ({
	leaf: fc.oneof(
		fc.constantFrom("", "x", "a", "b", null, true, "__proto__"),
		fc.integer({ min: -2, max: 2 }),
		fc.constant(undefined),
		fc.constant(Number.NaN),
	),
	object: fc.dictionary(fc.constantFrom("a", "b", "c", "d", "kind", "list", "one", "__proto__"), again("value"), {
		maxKeys: 5,
	}),
	array: fc.array(again("value"), { maxLength: 3 }),
	value: fc.oneof({ depthSize: "small", withCrossShrink: true }, again("leaf"), again("object"), again("array")),
})).value;

/** For each schema also values that it is sure to accept, with something undeclared in them. */
const extra = fc.dictionary(fc.constantFrom("d", "secret", "kind2"), fc.integer(), { maxKeys: 2 });
const word = fc.constantFrom("", "x", "y");
const accepted = fc
	.record({ a: word, b: fc.oneof(word, fc.integer(), fc.constant(undefined)), extra, item: extra })
	.chain(({ a, b, extra, item }) =>
		fc.constantFrom<unknown>(
			{ a, b, ...extra },
			{ a, b: a, ...extra },
			{ a, ...extra },
			{ list: [{ a, ...item }, { a }], one: { a, ...item }, ...extra },
			{ kind: "a", a, ...extra },
			{ kind: "b", b: [{ a, ...item }], ...extra },
			{ one: { a, ...item }, two: { a } },
			[{ a, ...item }, 1],
			[{ a, ...item }, { a }],
		),
	);

describe("outgoing", () => {
	it.each(Object.entries(SCHEMAS))(
		"%s: what a receiver parses of what is sent is what it parses of what was given",
		(_, schema: Schema) => {
			const validate = (value: unknown) => schema["~standard"].validate(value) as { value?: unknown; issues?: unknown };
			let compared = 0;
			fc.assert(
				fc.property(fc.oneof(values, accepted), (given) => {
					const expected = validate(given);
					if (expected.issues !== undefined) return;
					compared++;
					expect(validate(sent(schema, given))).toStrictEqual(expected);
				}),
				{ numRuns: 1_000 },
			);
			expect(compared).toBeGreaterThan(0);
		},
	);

	it("leaves out what the schema does not name, at every level", () => {
		const schema = z.object({ word: z.string(), list: z.array(z.object({ a: z.string() })) });
		expect(
			sent(schema, { word: "x", hash: "secret", list: [{ a: "1", hash: "secret" }, { a: "2" }], list2: [] }),
		).toEqual({ word: "x", list: [{ a: "1" }, { a: "2" }] });
	});

	it("leaves it out also where a default is filled in, even one that is never the same", () => {
		const schema = z.object({
			word: z.string(),
			at: z.date().default(() => new Date(Math.random() * 1e12)),
			id: z.string().default(() => crypto.randomUUID()),
		});
		expect(sent(schema, { word: "x", hash: "secret" })).toEqual({ word: "x" });
	});

	it("sends the given side of defaults and transforms", () => {
		const schema = z.object({ n: z.string().transform(Number), at: z.string().default("now") });
		expect(sent(schema, { n: "7" })).toEqual({ n: "7" });
	});

	it("sends a value whole where a transform made something else of its fields", () => {
		expect(sent(SCHEMAS.renamed, { a: "x", b: "y", d: 1 })).toEqual({ a: "x", b: "y", d: 1 });
		expect(sent(SCHEMAS.swallowed, { a: "x", d: 1 })).toEqual({ a: "x", d: 1 });
	});

	it("gives the very value back when there is nothing to leave out", () => {
		const given = { word: "x", list: [{ a: "1" }], nan: Number.NaN };
		const schema = z.object({ word: z.string(), list: z.array(z.object({ a: z.string() })), nan: z.nan() });
		expect(sent(schema, given)).toBe(given);
	});

	it("does not change what was given", () => {
		const given = Object.freeze({ word: "x", more: 1, list: Object.freeze([Object.freeze({ a: "1", more: 1 })]) });
		const schema = z.object({ word: z.string(), list: z.array(z.object({ a: z.string() })) });
		expect(sent(schema, given)).toEqual({ word: "x", list: [{ a: "1" }] });
	});

	it("takes __proto__ for a name like any other", () => {
		const given = JSON.parse('{"word": "x", "__proto__": {"admin": true}, "constructor": 1}');
		const result = sent(z.object({ word: z.string() }), given) as object;
		expect(Object.getPrototypeOf(result)).toBe(Object.prototype);
		expect(Object.keys(result)).toEqual(["word"]);
	});

	it("leaves class instances to the encoder, which refuses them with a reason", () => {
		class Row {
			word = "x";
			hash = "secret";
		}
		const row = new Row();
		expect(sent(z.object({ word: z.string() }), row)).toBe(row);
		const date = new Date(0);
		expect(sent(z.coerce.date(), date)).toBe(date);
	});

	it("leaves what is cyclic, deep or huge to the encoder, without a stack overflow", async () => {
		const clone: Schema = {
			"~standard": {
				version: 1,
				vendor: "test",
				validate: (value) => ({ value: structuredClone(value) }),
				jsonSchema: { input: () => ({}), output: () => ({}) },
			},
		};
		const cyclic: Record<string, unknown> = { a: 1 };
		cyclic["left"] = cyclic;
		cyclic["right"] = cyclic;
		expect(sent(clone, cyclic)).toBe(cyclic);
		expect(sent(z.any(), cyclic)).toBe(cyclic);
		let deep: unknown = { a: 1 };
		for (let i = 0; i < 1_000; i++) deep = { deep };
		expect(sent(clone, deep)).toBe(deep);
		const tree: z.ZodType = z.lazy(() => z.object({ deep: tree.optional() }));
		let deeper: unknown = { a: 1 };
		for (let i = 0; i < 100_000; i++) deeper = { deep: deeper };
		// zod throws here, and then tries once more, asynchronously.
		await expect(sent(tree, deeper)).rejects.toThrow(/the schema threw: Maximum call stack/);
	});

	it("does the same with a schema that checks asynchronously", async () => {
		const schema = z.object({ word: z.string().refine(async (word) => word !== "") });
		await expect(sent(schema, { word: "x", more: 1 })).resolves.toEqual({ word: "x" });
		await expect(sent(schema, { word: "" })).rejects.toMatchObject({ code: "invalid-argument" });
	});

	it("sends nothing where there is no schema, and refuses a value there", () => {
		expect(outgoing(undefined, undefined, "input", "invalid-argument")).toBeUndefined();
		expect(() => outgoing(undefined, 1, "input", "invalid-argument")).toThrow("nothing is expected here");
	});
});
