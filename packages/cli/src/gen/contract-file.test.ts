import { dictionary } from "@antiphon/dictionary";
import { describe as describeService, get, type ServiceDescription, service, set } from "antiphon";
import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { contractFile, MARK } from "./contract-file.js";
import { compile } from "./testing/compile.js";
import { descriptions, HOSTILE_TEXTS, INJECTED, returning } from "./testing/descriptions.js";
import { bare, load } from "./testing/load.js";

const DICTIONARY = `${MARK} from fn.localhost. Do not edit: run it again.
//
//   dictionary 1.0.0, fingerprint OiRgRNyrCcp-0tCU1e95h4
import { get, service, set } from "antiphon";
import { z } from "zod";

export const dictionary = service("dictionary", "1.0.0", {
	define: get({
		summary: "Look a word up",
		input: z.object({ word: z.string().min(1).max(64) }),
		output: z.object({ text: z.string() }),
		faults: { "unknown-word": z.object({ near: z.array(z.string()) }) },
	}),
	learn: set({
		summary: "Add a word, or give it another meaning",
		input: z.object({ text: z.string().min(1).max(4096), word: z.string().min(1).max(64) }),
		output: z.object({ words: z.int() }),
		faults: { full: z.object({ words: z.int() }) },
	}),
});
`;

/** In one file, because the compiler takes long to begin. */
const SERVICES_AT_ONCE = 100;
const COMPILE_LIMIT_MS = 120_000;

/** The same, with the members of every object the other way round. */
function reversed(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(reversed);
	if (typeof value !== "object" || value === null) return value;
	const members = Object.entries(value).reverse();
	return Object.fromEntries(members.map(([key, member]) => [key, reversed(member)]));
}

/** An object in an object, and so on. */
function nested(levels: number): unknown {
	let schema: unknown = { type: "string" };
	for (let i = 0; i < levels; i++) {
		schema = { type: "object", properties: { a: { anyOf: [{ type: "array", items: schema }, { type: "null" }] } } };
	}
	return schema;
}

/** Each level is in two schemas that must both hold, which are read-only, and refers to a definition besides. */
function wrapped(levels: number): unknown {
	let schema: unknown = { type: "string" };
	for (let i = 0; i < levels; i++) {
		const both = [{ type: "array", items: schema, readOnly: true }, { anyOf: [schema, { type: "null" }] }];
		schema = { type: "object", readOnly: true, properties: { a: { allOf: both }, b: { $ref: "#/$defs/level" } } };
	}
	return { ...(schema as object), $defs: { level: schema } };
}

/** Definitions that each refer to the one before, which is written by then. */
function stacked(definitions: number): unknown {
	const names = Array.from({ length: definitions }, (_, i) => `d${i}`);
	const levels = names.map((name, i) => {
		const before = i === 0 ? { type: "string" } : { $ref: `#/$defs/d${i - 1}` };
		return [name, { type: "object", properties: { a: { type: "array", items: before } } }];
	});
	const all = names.map((name) => [name, { $ref: `#/$defs/${name}` }]);
	return { type: "object", properties: Object.fromEntries(all), $defs: Object.fromEntries(levels) };
}

/** As many places of a tuple and choices of each kind. */
function many(count: number): unknown {
	const objects = Array.from({ length: count }, (_, i) => ({
		type: "object",
		properties: { [`a${i}`]: { const: i } },
	}));
	const tuple = { type: "array", prefixItems: objects };
	return { type: "object", properties: { tuple, any: { anyOf: objects }, one: { oneOf: objects } } };
}

function wide(properties: number): unknown {
	const names = Array.from({ length: properties }, (_, i) => `property${i}`);
	return { type: "object", properties: Object.fromEntries(names.map((name) => [name, { type: "string" }])) };
}

afterEach(() => {
	delete (globalThis as Record<string, unknown>)[INJECTED];
});

/** The file runs, and nothing of the text that came is code in it. */
function expectHarmless(text: string): void {
	expect(bare(text)).not.toContain(INJECTED);
	load(text);
	expect(globalThis).not.toHaveProperty(INJECTED);
}

describe("the file of a contract", () => {
	it("reads as one would write it", () => {
		expect(contractFile("fn.localhost", [describeService(dictionary)])).toBe(DICTIONARY);
	});

	it("says of a durable function how it is tried again, and so has the fingerprint of what it was made of", () => {
		const faults = { full: z.object({ words: z.int() }), busy: z.object({}) };
		const retry = { attempts: 3, faults: ["full", "busy"] } as const;
		const learn = set({ delivery: "effectively-once", faults, retry });
		const described = describeService(service("durable", "1.0.0", { learn, look: get({}) }));
		const text = contractFile("fn.localhost", [JSON.parse(JSON.stringify(described))]);
		expect(text.replaceAll(/\s+/g, " ")).toContain(
			`retry: { attempts: 3, backoffMs: 1000, maxBackoffMs: 300000, attemptTimeoutMs: 60000, faults: ["busy", "full"]`,
		);
		const { durable } = load(text);
		if (durable === undefined) return expect.fail("there is no such service");
		expect(describeService(durable).fingerprint).toBe(described.fingerprint);
	});

	it("is the same in whatever order services, functions and properties come", () => {
		const one = describeService(dictionary);
		const other = { ...one, service: "atlas" };
		const [there, back] = [[one, other], [reversed(other), reversed(one)] as ServiceDescription[]];
		expect(contractFile("d", back)).toBe(contractFile("d", there));
	});

	it("has constants whose names are no words of the language and not the same", () => {
		const { functions } = returning({ type: "string" });
		const named = ["class", "get", "z", "3d-print", "a-b", "a--b"].map((service) => {
			return { service, version: "1.0.0", fingerprint: "x", functions };
		});
		const names = Object.keys(load(contractFile("d", named)));
		expect(names.sort()).toEqual(["aB", "aB2", "class2", "get2", "service3dPrint", "z2"]);
	});

	it.each([
		["a service", { service: `x");${INJECTED}("` }],
		["a version", { version: `1");${INJECTED}("` }],
		["a function", { functions: { [`x(){},${INJECTED}`]: returning({}).functions["ask"] } }],
		["no function", { functions: {} }],
	])("is refused for a description with %s that no contract can have", (_, wrong) => {
		const description = { ...returning({}), ...wrong } as ServiceDescription;
		expect(() => contractFile("d", [description])).toThrow(expect.objectContaining({ code: "protocol" }));
	});

	it("is refused when it would be too large", () => {
		const large = Array.from({ length: 9 }, (_, i) => {
			return { ...returning({ type: "string", enum: ["x".repeat(1024 * 1024)] }), service: `s${i}` };
		});
		expect(() => contractFile("d", large)).toThrow(expect.objectContaining({ code: "too-large" }));
	});

	it.each(HOSTILE_TEXTS)("takes %j wherever text may be as text", (text) => {
		const schema = {
			type: "object",
			title: text,
			description: text,
			properties: {
				[text]: { type: "string", format: text, pattern: text, default: text },
				choice: { enum: [text, 1] },
				key: { enum: [text] },
				one: { const: text },
				ref: { $ref: `#/$defs/${text}` },
				map: { type: "object", patternProperties: { [text]: {} } },
				odd: { type: text, minimum: text },
				min: { type: "number", minimum: text, multipleOf: text },
				length: { type: "string", minLength: text },
				items: { type: "array", items: {}, minItems: text },
			},
			required: [text],
			$defs: { [text]: { type: "string", title: text } },
		};
		const described = returning(schema);
		const functions = { ask: { ...described.functions["ask"], summary: text } };
		const file = contractFile(text, [{ ...described, fingerprint: text, functions } as ServiceDescription]);
		expectHarmless(file);
		const [output] = Object.values(load(file)["probe"]?.functions ?? {}).map((fn) => fn.output);
		const names = text === "__proto__" ? [] : [text];
		const described2 = output?.["~standard"].jsonSchema.input({ target: "draft-2020-12" });
		expect(Object.keys(described2?.["properties"] ?? {})).toEqual(expect.arrayContaining(names));
	});

	it("runs and holds none of a stranger's text as code, whatever is described", () => {
		fc.assert(
			fc.property(descriptions, (description) => expectHarmless(contractFile("fn.localhost", [description]))),
			{ numRuns: 300, endOnFailure: true },
		);
	});

	it(
		"compiles, whatever is described",
		async () => {
			const sample = fc.sample(descriptions, { numRuns: SERVICES_AT_ONCE, seed: 3 });
			const services = sample.map((described, i) => ({ ...described, service: `service-${i}` }));
			expect(await compile({ "services.ts": contractFile("d", services) })).toBe("");
		},
		COMPILE_LIMIT_MS,
	);

	it(
		"compiles and runs when it comes from what is too deep or too large",
		async () => {
			const chain = Object.fromEntries(
				Array.from({ length: 2_000 }, (_, i) => [`d${i}`, { type: "array", items: { $ref: `#/$defs/d${i + 1}` } }]),
			);
			const files = {
				"deep.ts": contractFile("d", [returning(nested(12))]),
				"deeper.ts": contractFile("d", [returning(nested(10_000))]),
				"wrapped.ts": contractFile("d", [returning(wrapped(8))]),
				"stacked.ts": contractFile("d", [returning(stacked(200))]),
				"tuple.ts": contractFile("d", [returning(many(24))]),
				"choices.ts": contractFile("d", [returning(many(100))]),
				"many.ts": contractFile("d", [returning(many(500))]),
				"wide.ts": contractFile("d", [returning(wide(20_000))]),
				"chain.ts": contractFile("d", [returning({ $ref: "#/$defs/d0", $defs: chain })]),
				"text.ts": contractFile("d", [returning({ type: "string", description: "x".repeat(1024 * 1024) })]),
			};
			for (const text of Object.values(files)) expect(Object.keys(load(text))).toEqual(["probe"]);
			expect(files["deeper.ts"]).toContain("/* not checked: too large */");
			expect(files["wide.ts"]).toContain("/* not checked: too large */");
			expect(await compile(files)).toBe("");
		},
		COMPILE_LIMIT_MS,
	);
});
