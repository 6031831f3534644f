import type { JsonSchema } from "antiphon";
import { arraySchema } from "./array-schema.js";
import { type Code, call, getter, list, object } from "./code.js";
import { memberName, stringLiteral } from "./literal.js";
import type { Names } from "./names.js";
import { numberSchema } from "./number-schema.js";
import { objectSchema } from "./object-schema.js";
import { isSelfReferring, type Target, targetOf } from "./reference.js";
import { isObject, type Keyword, leaveOutOf, type SchemaParts } from "./schema-parts.js";
import { isPatterns, stringSchema } from "./string-schema.js";
import { valueSchema } from "./value-schema.js";

/** How deep schemas may nest. What is below is open: the compiler gives up on types that are much deeper. */
const MAX_DEPTH = 8;
/** What may have to hold at once. Each is one level of the types more. */
const MAX_DEMANDS = 4;
/** Schemas of which one must hold. */
const MAX_CHOICES = 100;
const TOO_LARGE = "z.unknown() /* not checked: too large */";
const MAX_NOTE_CHARS = 1_000;

/** What is for people, or names a form that the code does not check: it stays with the schema. */
const NOTES = ["title", "description", "format", "contentEncoding", "contentMediaType"];

/** How many schemas a service may have, those within others counted. What is beyond is open. */
export interface Budget {
	schemas: number;
}

export interface Constant {
	readonly name: string;
	readonly code: Code;
}

/** @property levels that its code has; known when it is done */
type Definition = { readonly name: string; isDone: boolean; levels: number };

/**
 * Writes one JSON Schema (draft 2020-12) as code that makes a schema of zod. What zod cannot say is left open, with a
 * comment, so that nothing is refused that the provider takes; the provider checks everything.
 *
 * A schema that is referred to becomes a constant. One that refers to itself does so in a getter of an object, which the
 * compiler follows; elsewhere in a lazy schema that is checked and whose type is unknown.
 */
export class SchemaWriter implements SchemaParts {
	readonly constants: Constant[] = [];
	readonly #root: unknown;
	readonly #names: Names;
	readonly #nameParts: readonly string[];
	readonly #budget: Budget;
	readonly #definitions = new Map<string, Definition>();
	#depth = 0;
	/** The greatest depth that was reached in the constant that is being written. */
	#deepest = 0;
	/** Of objects around this place, in the constant that is being written. */
	#members = 0;
	/** The member that is being written refers to a constant that is not there yet. */
	#isLate = false;
	#leftOut: Set<Keyword> = new Set();

	/** @param nameParts what the names of its constants are made of */
	constructor(root: unknown, names: Names, nameParts: readonly string[], budget: Budget) {
		this.#root = root;
		this.#names = names;
		this.#nameParts = nameParts;
		this.#budget = budget;
	}

	/** The code of the schema, which relies on {@link constants}. */
	write(): Code {
		// If it refers to itself, it has to be a constant.
		return isSelfReferring(this.#root) ? this.#reference("#") : this.schema(this.#root);
	}

	schema(value: unknown): Code {
		if (this.#depth >= MAX_DEPTH || this.#budget.schemas <= 0) return TOO_LARGE;
		this.#budget.schemas--;
		this.#depth++;
		this.#deepest = Math.max(this.#deepest, this.#depth);
		const outer = this.#leftOut;
		this.#leftOut = new Set();
		const code = isObject(value) ? this.#described(value) : value === false ? "z.never()" : "z.unknown()";
		const leftOut = [...this.#leftOut].sort().join(", ");
		this.#leftOut = outer;
		this.#depth--;
		return leftOut === "" ? code : [code, ` /* not checked: ${leftOut} */`];
	}

	member(name: string, value: unknown, isRequired: boolean): Code {
		const isLate = this.#isLate;
		this.#isLate = false;
		this.#members++;
		const code: Code = [this.schema(value), isRequired ? "" : ".optional()"];
		this.#members--;
		const key = memberName(name);
		const member: Code = this.#isLate ? getter(key, code) : [`${key}: `, code];
		this.#isLate = isLate;
		return member;
	}

	leaveOut(...keywords: readonly Keyword[]): void {
		for (const keyword of keywords) this.#leftOut.add(keyword);
	}

	#described(schema: JsonSchema): Code {
		const code = this.#conjunction(schema);
		const notes = NOTES.filter((note) => isNote(schema[note]));
		const members = notes.map((note): Code => `${note}: ${stringLiteral(schema[note] as string)}`);
		// It says who may change a value and not which values there are.
		if (schema["readOnly"] === true) members.push("readOnly: true");
		return members.length === 0 ? code : [code, call(".meta", object(members))];
	}

	/** All that the keywords of one schema demand. */
	#conjunction(schema: JsonSchema): Code {
		leaveOutOf(schema, this, ["if", "$dynamicRef"]);
		const { not } = schema;
		if (isObject(not) && Object.keys(not).length === 0) return "z.never()";
		if (not !== undefined) this.leaveOut("not");
		const writers = this.#demands(schema);
		const levels = Math.max(0, writers.length - 1);
		this.#depth += levels;
		const demands = writers.map((write) => write()).filter((code) => code !== undefined);
		this.#depth -= levels;
		return demands.length === 0 ? "z.unknown()" : demands.reduce((all, each) => call("z.intersection", all, each));
	}

	#demands(schema: JsonSchema): (() => Code | undefined)[] {
		const { $ref, anyOf, oneOf, allOf, type } = schema;
		const writers: (() => Code | undefined)[] = [];
		if (typeof $ref === "string") writers.push(() => this.#reference($ref));
		if (["type", "const", "enum"].some((keyword) => Object.hasOwn(schema, keyword))) {
			writers.push(() => this.#ofType(schema));
		} else this.#leaveOutUntyped(schema);
		if (Array.isArray(anyOf)) writers.push(() => this.#union(anyOf));
		if (Array.isArray(oneOf)) writers.push(() => this.#exclusive(oneOf));
		if (!Array.isArray(allOf) || (type === "string" && isPatterns(allOf))) return writers;
		if (writers.length + allOf.length > MAX_DEMANDS) this.leaveOut("allOf");
		else writers.push(...allOf.map((each) => () => this.schema(each)));
		return writers;
	}

	/** Without a type, a keyword demands something of values of one type and nothing of others. */
	#leaveOutUntyped(schema: JsonSchema): void {
		leaveOutOf(schema, this, ["minItems", "pattern", "propertyNames", "patternProperties", "uniqueItems"]);
		if (["properties", "required", "items", "prefixItems"].some((keyword) => Object.hasOwn(schema, keyword))) {
			this.leaveOut("type");
		}
	}

	#ofType(schema: JsonSchema): Code | undefined {
		const values = valueSchema(schema, this);
		if (values !== undefined) return values;
		const { type } = schema;
		if (!Array.isArray(type)) return this.#typed(schema, type);
		const types = [...new Set(type)];
		const others = types.filter((each) => each !== "null");
		const known = others.map((each) => this.#typed(schema, each)).filter((code) => code !== undefined);
		if (known.length < others.length || types.length === 0) return undefined;
		const all = others.length === types.length ? known : [...known, "z.null()"];
		return unionOf(all);
	}

	#typed(schema: JsonSchema, type: unknown): Code | undefined {
		switch (type) {
			case "string":
				return stringSchema(schema, this);
			case "integer":
			case "number":
				return numberSchema(schema, type === "integer");
			case "boolean":
				return "z.boolean()";
			case "null":
				return "z.null()";
			case "array":
				return arraySchema(schema, this);
			case "object":
				return objectSchema(schema, this);
			case undefined:
				this.#leaveOutUntyped(schema);
				return undefined;
			default:
				this.leaveOut("type");
				return undefined;
		}
	}

	#union(schemas: readonly unknown[]): Code {
		if (schemas.length > MAX_CHOICES) return TOO_LARGE;
		return unionOf(schemas.map((each) => this.schema(each)));
	}

	#exclusive(schemas: readonly unknown[]): Code {
		if (schemas.length < 2 || schemas.length > MAX_CHOICES) return this.#union(schemas);
		return call("z.xor", list(schemas.map((each) => this.schema(each))));
	}

	#reference(pointer: string): Code {
		const target = targetOf(this.#root, pointer);
		if (target === undefined) {
			this.leaveOut("$ref");
			return "z.unknown()";
		}
		const definition = this.#definitions.get(pointer) ?? this.#define(pointer, target);
		if (definition === undefined) return TOO_LARGE;
		if (definition.isDone) {
			if (this.#depth + definition.levels > MAX_DEPTH) return TOO_LARGE;
			this.#deepest = Math.max(this.#deepest, this.#depth + definition.levels);
			return definition.name;
		}
		if (this.#members === 0) return `z.lazy((): z.ZodType => ${definition.name})`;
		this.#isLate = true;
		return definition.name;
	}

	#define(pointer: string, { schema, parts }: Target): Definition | undefined {
		if (this.#depth >= MAX_DEPTH) return undefined;
		const definition: Definition = { name: this.#names.take(...this.#nameParts, ...parts), isDone: false, levels: 0 };
		this.#definitions.set(pointer, definition);
		const [members, isLate, deepest] = [this.#members, this.#isLate, this.#deepest];
		[this.#members, this.#deepest] = [0, this.#depth];
		const code = this.schema(schema);
		definition.levels = this.#deepest - this.#depth;
		[this.#members, this.#isLate, this.#deepest] = [members, isLate, Math.max(deepest, this.#deepest)];
		this.constants.push({ name: definition.name, code });
		definition.isDone = true;
		return definition;
	}
}

function unionOf(codes: readonly Code[]): Code {
	const [first = "z.never()", second, ...more] = codes;
	if (second === undefined) return first;
	if (second === "z.null()" && more.length === 0) return [first, ".nullable()"];
	return call("z.union", list(codes));
}

function isNote(value: unknown): boolean {
	return typeof value === "string" && value.length <= MAX_NOTE_CHARS;
}
