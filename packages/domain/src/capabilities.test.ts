import { describe as describeService } from "@antiphon/contract";
import { NS } from "@antiphon/protocol";
import { type Functions, get, type Service, service, set } from "antiphon";
import { capabilitiesOf, type NodeHost, type Subject } from "antiphon/modules";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";

/** A schema as data, so that it can be compared, written in another order, and changed. */
type Shape =
	| { readonly is: "string"; readonly min: number | undefined }
	| { readonly is: "number" | "integer" | "boolean" | "null" }
	| { readonly is: "enum"; readonly values: readonly string[] }
	| { readonly is: "array" | "nullable"; readonly of: Shape }
	| { readonly is: "either"; readonly of: readonly Shape[] }
	| {
			readonly is: "object";
			readonly isStrict: boolean;
			readonly fields: Readonly<Record<string, { readonly isOptional: boolean; readonly of: Shape }>>;
	  };

interface FunctionPlan {
	readonly kind: "get" | "set";
	readonly delivery: "at-most-once" | "at-least-once" | "effectively-once";
	readonly summary: string | undefined;
	readonly input: Shape | undefined;
	readonly output: Shape | undefined;
	readonly faults: Readonly<Record<string, Shape>>;
}

interface Plan {
	readonly name: string;
	readonly version: string;
	readonly functions: Readonly<Record<string, FunctionPlan>>;
}

/** Few names, so that two plans are often nearly the same. Some mean something in a JSON Schema, or to every object. */
const fieldName = fc.constantFrom(
	"a",
	"b",
	"10",
	"9",
	"title",
	"default",
	"required",
	"properties",
	"constructor",
	"é",
);
/** What XML, and the separator of the hash, could make one of. */
const summary = fc.oneof(
	fc.constantFrom(
		...[
			"a < b",
			"a &lt; b",
			"a &amp;lt; b",
			"<",
			"<<",
			"&",
			">",
			"a",
			"",
			'it\'s "it"',
			"a<version<9.9.9",
			"é",
			"e\u0301",
		],
		"x".repeat(300),
		`${"x".repeat(300)}<`,
	),
	fc.string({ unit: fc.constantFrom("a", "<", ">", "&", ";", "'", '"', "/", " "), maxLength: 6 }),
);

/** What it demands is demanded by no other shape: "null, or null" is null. */
const isPlain = ({ is }: Shape): boolean => is !== "null" && is !== "nullable" && is !== "either";

const { shape } = fc.letrec<{ shape: Shape }>((tie) => ({
	shape: fc.oneof(
		{ maxDepth: 2 },
		fc.record({ is: fc.constantFrom("number", "integer", "boolean", "null") }),
		fc.record({ is: fc.constant("string"), min: fc.constantFrom(undefined, 1, 2) }),
		fc.record({ is: fc.constant("enum"), values: fc.subarray(["a", "b", "<", "&lt;"], { minLength: 1 }) }),
		fc.record({ is: fc.constant("array"), of: tie("shape") }),
		fc.record({ is: fc.constant("nullable"), of: tie("shape").filter(isPlain) }),
		fc.record({
			is: fc.constant("either"),
			of: fc.tuple(tie("shape"), tie("shape")).filter(([a, b]) => isPlain(a) && isPlain(b) && a.is !== b.is),
		}),
		fc.record({
			is: fc.constant("object"),
			isStrict: fc.boolean(),
			fields: fc.dictionary(fieldName, fc.record({ isOptional: fc.boolean(), of: tie("shape") }), { maxKeys: 4 }),
		}),
	) as fc.Arbitrary<Shape>,
}));
const functionPlan: fc.Arbitrary<FunctionPlan> = fc.record({
	kind: fc.constantFrom("get", "set"),
	delivery: fc.constantFrom("at-most-once", "at-least-once", "effectively-once"),
	summary: fc.option(summary, { nil: undefined }),
	input: fc.option(shape, { nil: undefined }),
	output: fc.option(shape, { nil: undefined }),
	faults: fc.dictionary(fc.constantFrom("gone", "full", "a-b"), shape, { maxKeys: 2 }),
});
const fnName = fc.constantFrom("define", "learn", "f", "2", "1");
const plan: fc.Arbitrary<Plan> = fc.record({
	name: fc.constantFrom("dictionary", "billing"),
	version: fc.constantFrom("1.0.0", "1.0.1", "2.0.0"),
	functions: fc.dictionary(fnName, functionPlan, { minKeys: 1, maxKeys: 3 }),
});

/** One step to another contract, or to the same. */
const step = fc
	.tuple(fc.nat(), fnName, functionPlan, plan)
	.map(([choice, fn, other, otherPlan]) => (from: Plan): Plan => {
		const name = Object.keys(from.functions)[choice % Object.keys(from.functions).length] as string;
		const own = from.functions[name] as FunctionPlan;
		const member = (["kind", "delivery", "summary", "input", "output", "faults"] as const)[
			choice % 6
		] as keyof FunctionPlan;
		const withOwn = (changed: FunctionPlan) => ({ ...from, functions: { ...from.functions, [name]: changed } });
		switch (choice % 7) {
			case 0:
				return from;
			case 1:
				return { ...from, version: otherPlan.version };
			case 2:
				return { ...from, name: otherPlan.name };
			case 3:
				return { ...from, functions: { ...from.functions, [fn]: other } };
			case 4:
				return withOwn({ ...own, input: nudged(own.input, choice) });
			default:
				return withOwn({ ...own, [member]: other[member] });
		}
	});

/** The innermost shape that the number leads to, changed a little. */
function nudged(of: Shape | undefined, choice: number): Shape | undefined {
	if (of?.is === "array" || of?.is === "nullable") return { ...of, of: nudged(of.of, choice) as Shape };
	if (of?.is === "string") return { is: "string", min: (of.min ?? 0) + 1 };
	if (of?.is === "object") {
		const [[name, field] = [], ...others] = Object.entries(of.fields);
		if (name === undefined || field === undefined) return { ...of, isStrict: !of.isStrict };
		const changed =
			choice % 2 === 0
				? { ...field, isOptional: !field.isOptional }
				: { ...field, of: nudged(field.of, choice) as Shape };
		return { ...of, fields: { ...Object.fromEntries(others), [name]: changed } };
	}
	return of?.is === "number" ? { is: "integer" } : of;
}

interface Spelling {
	/** Whether functions, fields and faults come in the reverse order, and people are told more. */
	readonly isOther: boolean;
}

const members = <T>(of: Readonly<Record<string, T>>, { isOther }: Spelling): [string, T][] =>
	isOther ? Object.entries(of).reverse() : Object.entries(of);

function schemaOf(of: Shape, spelling: Spelling): z.ZodType {
	const schema = plainSchemaOf(of, spelling);
	return spelling.isOther ? schema.meta({ title: "A title < & >", description: "…", examples: [1] }) : schema;
}

function plainSchemaOf(of: Shape, spelling: Spelling): z.ZodType {
	const inner = (shape: Shape) => schemaOf(shape, spelling);
	switch (of.is) {
		case "string":
			return of.min === undefined ? z.string() : z.string().min(of.min);
		case "number":
			return z.number();
		case "integer":
			return z.int();
		case "boolean":
			return z.boolean();
		case "null":
			return z.null();
		case "enum":
			return z.enum(of.values as [string, ...string[]]);
		case "array":
			return z.array(inner(of.of));
		case "nullable":
			return z.nullable(inner(of.of));
		case "either":
			return z.union(of.of.map(inner));
		case "object": {
			const fields = members(of.fields, spelling).map(([name, field]) => {
				const schema = inner(field.of);
				return [name, field.isOptional ? schema.optional() : schema] as const;
			});
			return of.isStrict ? z.strictObject(Object.fromEntries(fields)) : z.object(Object.fromEntries(fields));
		}
	}
}

function serviceOf({ name, version, functions }: Plan, spelling: Spelling): Service {
	const made = members(functions, spelling).map(([fn, { kind, delivery, summary, input, output, faults }]) => {
		const spec = {
			delivery,
			...(summary !== undefined && { summary }),
			...(input !== undefined && { input: schemaOf(input, spelling) }),
			...(output !== undefined && { output: schemaOf(output, spelling) }),
			faults: Object.fromEntries(members(faults, spelling).map(([fault, data]) => [fault, schemaOf(data, spelling)])),
		};
		return [fn, kind === "get" ? get(spec) : set(spec)];
	});
	return service(name, version, Object.fromEntries(made) as Functions);
}

/** The same for two plans exactly when they are the same, whatever the order of what has none. */
const canonical = (value: unknown): string =>
	JSON.stringify(value, (_, of: unknown) =>
		typeof of === "object" && of !== null && !Array.isArray(of)
			? Object.entries(of).sort(([a], [b]) => (a < b ? -1 : 1))
			: of,
	);

const software = { name: "antiphon", version: "1", os: "linux" };
const features = [NS.discoInfo, NS.caps, NS.rpc];

/** The hash at the address of the service (""), and of each function. */
function hashes(of: Service): Map<string, string> {
	const host = { features, software, ownedDomain: "fn.example.org" } as unknown as NodeHost;
	const served = { service: of, description: describeService(of) } as Extract<Subject, { kind: "service" }>["served"];
	const subjects: [string, Subject][] = [
		["", { kind: "service", served }],
		...Object.keys(of.functions).map((fn) => [fn, { kind: "function", served, fn }] as [string, Subject]),
	];
	return new Map(subjects.map(([fn, subject]) => [fn, capabilitiesOf(host, subject).ver]));
}

/** What the hash at an address has to stand for: what is demanded there, and what is said there of it. */
function meaning(of: Plan, fn: string): string {
	const functions = Object.entries(of.functions).map(([name, { summary: _, ...demanded }]) => [name, demanded]);
	return canonical([of.name, of.version, Object.fromEntries(functions), fn, of.functions[fn]?.summary]);
}

describe("the capability hash of an address", () => {
	it("is the same however a contract is written", () => {
		fc.assert(
			fc.property(plan, (of) => {
				const written = hashes(serviceOf(of, { isOther: false }));
				expect(Object.fromEntries(hashes(serviceOf(of, { isOther: true })))).toEqual(Object.fromEntries(written));
				// And of every address another.
				expect(new Set(written.values()).size).toBe(written.size);
			}),
			{ numRuns: 50 },
		);
	});

	it("is another exactly when the contract is", () => {
		const seen = { same: 0, other: 0 };
		fc.assert(
			fc.property(plan, step, (before, change) => {
				const after = change(before);
				const [one, other] = [
					hashes(serviceOf(before, { isOther: false })),
					hashes(serviceOf(after, { isOther: true })),
				];
				for (const [fn, hash] of one) {
					const now = other.get(fn);
					if (now === undefined) continue;
					const isSame = meaning(before, fn) === meaning(after, fn);
					seen[isSame ? "same" : "other"]++;
					expect(now === hash, `${isSame ? "the same" : "another"} contract at ${JSON.stringify(fn)}`).toBe(isSame);
				}
			}),
			{ numRuns: 120 },
		);
		expect(Math.min(seen.same, seen.other)).toBeGreaterThan(15);
	});

	it("tells summaries apart that XML or the hash's own separator could make one of", () => {
		const texts = [
			"a < b",
			"a &lt; b",
			"a &amp;lt; b",
			"a<version<1.0.0",
			"a",
			"a<",
			"a>",
			"a&",
			"a&amp;",
			"A",
			"",
			undefined,
			"x".repeat(300),
			`${"x".repeat(300)}<`,
		];
		const found = texts.map((text) => {
			const fn = get(text === undefined ? {} : { summary: text });
			return hashes(service("dictionary", "1.0.0", { fn })).get("fn");
		});
		expect(new Set(found).size).toBe(texts.length);
	});
});
