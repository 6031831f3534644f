import { describe, expect, it } from "vitest";
import { z } from "zod";
import {
	contractForm,
	DEFAULT_RETRY,
	describe as describeService,
	type FunctionDescription,
	get,
	type ServiceDescription,
	service,
	set,
	untyped,
} from "./index.js";
import type { Schema } from "./schema.js";

const dictionary = service("dictionary", "1.0.0", {
	define: get({
		summary: "Look a word up",
		input: z.object({ word: z.string() }),
		output: z.object({ text: z.string() }),
		faults: { "unknown-word": z.object({ near: z.array(z.string()) }) },
	}),
	forget: set({ delivery: "at-least-once" }),
});

describe("describe", () => {
	it("tells all of a contract as JSON", () => {
		const description = describeService(dictionary);
		expect(description).toEqual({
			service: "dictionary",
			version: "1.0.0",
			fingerprint: expect.any(String),
			functions: {
				define: {
					kind: "get",
					delivery: "at-most-once",
					summary: "Look a word up",
					input: { type: "object", properties: { word: { type: "string" } }, required: ["word"] },
					output: { type: "object", properties: { text: { type: "string" } }, required: ["text"] },
					faults: {
						"unknown-word": {
							type: "object",
							properties: { near: { type: "array", items: { type: "string" } } },
							required: ["near"],
						},
					},
				},
				forget: { kind: "set", delivery: "at-least-once", input: null, output: null, faults: {} },
			},
		});
		expect(JSON.parse(JSON.stringify(description))).toEqual(description);
	});

	it("tells how a function is tried again, whole, and only of those that state it", () => {
		const { functions } = describeService(
			service("a", "1.0.0", {
				plain: set({ delivery: "at-least-once" }),
				stated: set({ delivery: "at-least-once", retry: { attempts: 3 } }),
			}),
		);
		expect(functions["plain"]).not.toHaveProperty("retry");
		expect(functions["stated"]?.retry).toEqual({ ...DEFAULT_RETRY, attempts: 3 });
	});

	it("describes a recursive schema", () => {
		const tree = z.object({
			name: z.string(),
			get children() {
				return z.array(tree);
			},
		});
		const { functions } = describeService(service("a", "1.0.0", { f: get({ input: tree }) }));
		expect(JSON.stringify(functions["f"]?.input)).toContain("$ref");
	});

	it("names the schema that has no JSON Schema", () => {
		const unhappy = {
			"~standard": {
				version: 1,
				vendor: "test",
				validate: (value: unknown) => ({ value }),
				jsonSchema: {
					input: () => {
						throw new Error("cannot");
					},
					output: () => ({}),
				},
			},
		} as unknown as Schema;
		expect(() => describeService(service("a", "1.0.0", { f: get({ output: unhappy }) }))).toThrow(
			new TypeError("a.f: output has no JSON Schema: cannot"),
		);
	});
});

describe("contractForm", () => {
	it("shows a service, or one of its functions", () => {
		const description = describeService(dictionary);
		const service = { service: ["dictionary"], version: ["1.0.0"], fingerprint: [description.fingerprint] };
		expect(contractForm(description)).toEqual({
			formType: "urn:antiphon:contract:1",
			fields: { ...service, functions: ["define", "forget"] },
		});
		expect(contractForm(description, "define").fields).toEqual({
			...service,
			function: ["define"],
			kind: ["get"],
			delivery: ["at-most-once"],
			summary: ["Look a word up"],
			faults: ["unknown-word"],
		});
	});
});

describe("untyped", () => {
	it("makes a service of a description that travelled, whose values pass unchecked", () => {
		const travelled = JSON.parse(JSON.stringify(describeService(dictionary))) as ServiceDescription;
		const service = untyped(travelled);
		expect(service).toMatchObject({ name: "dictionary", version: "1.0.0" });
		expect(service.functions["define"]).toMatchObject({ kind: "get", summary: "Look a word up" });
		expect(Object.keys(service.functions["define"]?.faults ?? {})).toEqual(["unknown-word"]);
		expect(service.functions["forget"]).toMatchObject({ kind: "set", delivery: "at-least-once" });
		expect(service.functions["forget"]?.input?.["~standard"].validate(7)).toEqual({ value: 7 });
	});

	it("keeps how a function is tried again, so that its fingerprint stays what it was", () => {
		const retry = { attempts: 3, faults: ["busy"] } as const;
		const described = describeService(
			service("a", "1.0.0", { f: set({ delivery: "at-least-once", faults: { busy: z.null() }, retry }) }),
		);
		const known = untyped(JSON.parse(JSON.stringify(described)) as ServiceDescription).functions["f"];
		expect(known?.retry).toEqual({ ...DEFAULT_RETRY, ...retry });
		const more = { ...described.functions["f"], retry: { ...known?.retry, colour: "red" } };
		const untold = untyped({ ...described, functions: { f: more as FunctionDescription } }).functions["f"];
		expect(untold?.retry).toEqual(known?.retry);
	});

	it.each([
		undefined,
		null,
		7,
		{},
		{ service: "a", version: "1.0.0", fingerprint: "x" },
		{ service: "a", version: "1.0.0", functions: { f: { kind: "get", delivery: "at-most-once", faults: {} } } },
		{ service: "a", version: "1.0.0", fingerprint: "x", functions: { f: { kind: "get", delivery: "at-most-once" } } },
		{ service: "a", version: "1.0.0", fingerprint: "x", functions: {} },
		{
			service: "a",
			version: "1",
			fingerprint: "x",
			functions: { f: { kind: "get", delivery: "at-most-once", faults: {} } },
		},
		{ service: "a", version: "1.0.0", fingerprint: "x", functions: { f: null } },
		{
			service: "a",
			version: "1.0.0",
			fingerprint: "x",
			functions: { f: { kind: "put", delivery: "at-most-once", faults: {} } },
		},
		{
			service: "a",
			version: "1.0.0",
			fingerprint: "x",
			functions: { f: { kind: "get", delivery: "sometimes", faults: {} } },
		},
		{
			service: "a",
			version: "1.0.0",
			fingerprint: "x",
			functions: { f: { kind: "get", delivery: "at-most-once", faults: { "No!": {} } } },
		},
		{
			service: "a",
			version: "1.0.0",
			fingerprint: "x",
			functions: { "a.b": { kind: "get", delivery: "at-most-once", faults: {} } },
		},
	])("refuses %j", (description) => {
		expect(() => untyped(description as never)).toThrow(TypeError);
	});
});
