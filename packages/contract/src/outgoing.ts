import { isDeepStrictEqual } from "node:util";
import { type BusErrorCode, MAX_PAYLOAD_DEPTH, MAX_PAYLOAD_ITEMS } from "@antiphon/protocol";
import { isPromise, parse, type Schema } from "./schema.js";

/**
 * Checks a value and gives what is sent of it: the value as it was given, without the fields that the schema does not
 * name. A database row with a column too many does not leave the process.
 *
 * A field that parsing dropped may have been undeclared, or renamed by a transform. So the value without it is parsed
 * once more, and is sent only if the receiver makes the same of it; else the value goes whole. That costs time only where
 * there is something to leave out.
 *
 * @returns a promise only when the schema checks asynchronously
 * @throws BusError as {@link parse} does
 */
export function outgoing(
	schema: Schema | undefined,
	given: unknown,
	what: string,
	code: BusErrorCode,
): unknown | Promise<unknown> {
	const parsed = parse(schema, given, what, code);
	if (schema === undefined) return undefined;
	return isPromise(parsed)
		? parsed.then((late) => declaredPart(schema, given, late))
		: declaredPart(schema, given, parsed);
}

function declaredPart(schema: Schema, given: unknown, parsed: unknown): unknown | Promise<unknown> {
	const pruned = new Pruning().prune(given, parsed, 0);
	if (pruned === given) return given;
	type Result = Awaited<ReturnType<Schema["~standard"]["validate"]>>;
	const choose = ([fromPruned, fromGiven]: (Result | undefined)[]) => {
		if (!fromPruned || !fromGiven || fromPruned.issues || fromGiven.issues) return given;
		return isSame(parsed, fromGiven.value, fromPruned.value) ? pruned : given;
	};
	try {
		const results = [pruned, given].map((value) => schema["~standard"].validate(value));
		return results.some(isPromise)
			? Promise.all(results)
					.then(choose)
					.catch(() => given)
			: choose(results as Result[]);
	} catch {
		return given;
	}
}

/**
 * Leaves out what parsing dropped. What stays as it is, is not copied. Bounded as a payload is: what is larger or deeper
 * comes back as it was, and is refused when it is encoded.
 */
class Pruning {
	#items = 0;

	prune(given: unknown, parsed: unknown, depth: number): unknown {
		if (given === parsed || ++this.#items > MAX_PAYLOAD_ITEMS || depth > MAX_PAYLOAD_DEPTH) return given;
		if (Array.isArray(given) && Array.isArray(parsed)) return this.#array(given, parsed, depth);
		return isPlainObject(given) && isPlainObject(parsed) ? this.#object(given, parsed, depth) : given;
	}

	#array(given: readonly unknown[], parsed: readonly unknown[], depth: number): readonly unknown[] {
		let copy: unknown[] | undefined;
		for (let i = 0; i < given.length; i++) {
			const item = this.prune(given[i], parsed[i], depth + 1);
			if (Object.is(item, given[i])) continue;
			copy ??= [...given];
			copy[i] = item;
		}
		return copy ?? given;
	}

	#object(given: Record<string, unknown>, parsed: Record<string, unknown>, depth: number): Record<string, unknown> {
		let changes: Map<string, unknown> | undefined;
		for (const key of Object.keys(given)) {
			const value = given[key];
			// What is undefined is not sent anyway.
			const kept = Object.hasOwn(parsed, key) ? this.prune(value, parsed[key], depth + 1) : undefined;
			if (Object.is(kept, value)) continue;
			changes ??= new Map();
			changes.set(key, kept);
		}
		if (changes === undefined) return given;
		const entries = Object.entries(given).map(([key, value]) => [key, changes.has(key) ? changes.get(key) : value]);
		return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
	}
}

/**
 * Is `other` what the schema makes of a value each time? `first` and `second` are two results for that value: where they
 * differ, the schema makes something up (an id, the time), and there is nothing to compare.
 */
function isSame(first: unknown, second: unknown, other: unknown): boolean {
	const all = [first, second, other];
	if (!all.every(isPlainObject) && !all.every(Array.isArray)) {
		return isDeepStrictEqual(first, other) || !isDeepStrictEqual(first, second);
	}
	const [a, b, c] = all as Record<string, unknown>[];
	if (a === undefined || b === undefined || c === undefined) return false;
	const keys = Object.keys(a);
	return (
		keys.length === Object.keys(c).length &&
		keys.every((key) => Object.hasOwn(c, key) && isSame(a[key], Object.hasOwn(b, key) ? b[key] : undefined, c[key]))
	);
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
	if (typeof value !== "object" || value === null) return false;
	const prototype = Object.getPrototypeOf(value);
	return prototype === Object.prototype || prototype === null;
}
