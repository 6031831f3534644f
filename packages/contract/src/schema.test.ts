import { BusError } from "@antiphon/protocol";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { jsonSchemaOf, parse, type Schema } from "./schema.js";

/** A schema that validates as told. */
function schemaThat(validate: Schema["~standard"]["validate"], input: () => object = () => ({})): Schema {
	return {
		"~standard": {
			version: 1,
			vendor: "test",
			validate,
			jsonSchema: { input: input as never, output: () => ({}) },
		},
	};
}

function failure(run: () => unknown): BusError {
	try {
		run();
	} catch (error) {
		if (error instanceof BusError) return error;
		throw error;
	}
	throw new Error("nothing was thrown");
}

describe("parse", () => {
	it("gives the output side", () => {
		expect(parse(z.object({ n: z.string().transform(Number) }), { n: "7" }, "input", "invalid-argument")).toEqual({
			n: 7,
		});
	});

	it("takes no value, and only no value, where there is no schema", () => {
		expect(parse(undefined, undefined, "input", "invalid-argument")).toBeUndefined();
		expect(failure(() => parse(undefined, null, "input", "invalid-argument"))).toMatchObject({
			code: "invalid-argument",
			message: "input: nothing is expected here",
		});
	});

	it("names the path of what is wrong", () => {
		const schema = z.object({ list: z.array(z.object({ word: z.string() })) });
		const error = failure(() => parse(schema, { list: [{ word: "a" }, { word: 1 }] }, "input", "invalid-argument"));
		expect(error.message).toMatch(/^input: list\.1\.word: .*expected string/);
		expect(error).toMatchObject({ code: "invalid-argument", executed: "no" });
	});

	it("shows five of 10,000 issues, in a short message", () => {
		const error = failure(() => parse(z.array(z.string()), new Array(10_000).fill(1), "input", "protocol"));
		expect(error.code).toBe("protocol");
		expect(error.message).toMatch(/; and 9995 more$/);
		expect(error.message.length).toBeLessThan(1000);
	});

	it("cuts the messages and paths that a library makes long", () => {
		const key = "k".repeat(100_000);
		const strict = failure(() => parse(z.strictObject({}), { [key]: 1 }, "input", "invalid-argument"));
		const nested = failure(() => parse(z.record(z.string(), z.string()), { [key]: 1 }, "input", "invalid-argument"));
		expect(strict.message.length).toBeLessThan(1000);
		expect(nested.message.length).toBeLessThan(1000);
	});

	it("waits for a schema that checks asynchronously", async () => {
		const schema = z.string().refine(async (word) => word === "xmpp");
		await expect(parse(schema, "xmpp", "input", "invalid-argument")).resolves.toBe("xmpp");
		await expect(parse(schema, "http", "input", "invalid-argument")).rejects.toMatchObject({
			code: "invalid-argument",
		});
	});

	it("waits for any thenable, which must not pass for a valid undefined", async () => {
		// biome-ignore lint/suspicious/noThenProperty: what a promise of another library looks like
		const thenable = { then: (resolve: (result: unknown) => void) => resolve({ issues: [{ message: "no" }] }) };
		await expect(
			parse(
				schemaThat(() => thenable as never),
				1,
				"input",
				"protocol",
			),
		).rejects.toMatchObject({ code: "protocol" });
	});

	it("makes `internal` of whatever a schema throws, at once or later", async () => {
		const throwing = schemaThat(() => {
			throw new RangeError("too deep");
		});
		const rejecting = schemaThat(() => Promise.reject(new RangeError("too deep")));
		const expected = { code: "internal", executed: "no", message: "input: the schema threw: too deep" };
		expect(failure(() => parse(throwing, 1, "input", "invalid-argument"))).toMatchObject(expected);
		await expect(parse(rejecting, 1, "input", "invalid-argument")).rejects.toMatchObject(expected);
		await expect(parse(rejecting, 1, "the reply", "protocol")).rejects.toMatchObject({ executed: "unknown" });
	});
});

describe("jsonSchemaOf", () => {
	it("describes the input side", () => {
		const schema = z.object({ n: z.string().transform(Number), at: z.string().default("now") });
		expect(jsonSchemaOf(schema, "input")).toEqual({
			type: "object",
			properties: { n: { type: "string" }, at: { type: "string", default: "now" } },
			required: ["n"],
		});
	});

	it("leaves open what JSON Schema cannot express", () => {
		expect(jsonSchemaOf(z.object({ bytes: z.instanceof(Uint8Array), big: z.bigint() }), "input")).toMatchObject({
			properties: { bytes: {}, big: {} },
		});
	});

	it("is plain JSON whatever the library gives", () => {
		const odd = schemaThat(
			() => ({ value: 1 }),
			() => ({ type: "number", maximum: Number.POSITIVE_INFINITY, title: undefined }),
		);
		expect(jsonSchemaOf(odd, "input")).toEqual({ type: "number", maximum: null });
	});

	it("says what has no JSON Schema, and why", () => {
		const cyclic: Record<string, unknown> = {};
		cyclic["self"] = cyclic;
		const broken = schemaThat(
			() => ({ value: 1 }),
			() => {
				throw new Error("not expressible");
			},
		);
		expect(() => jsonSchemaOf(broken, "a.f: input")).toThrow(
			new TypeError("a.f: input has no JSON Schema: not expressible"),
		);
		expect(() =>
			jsonSchemaOf(
				schemaThat(
					() => ({ value: 1 }),
					() => cyclic,
				),
				"a.f: input",
			),
		).toThrow(TypeError);
	});
});
