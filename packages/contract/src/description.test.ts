import { describe, expect, it } from "vitest";
import { parseDescription } from "./description.js";

const look = { kind: "get", delivery: "at-most-once", summary: "Look", input: null, output: null, faults: {} };
const whole = { service: "a", version: "1.0.0", fingerprint: "x", functions: { look } };
const withLook = (over: object) => ({ ...whole, functions: { look: { ...look, ...over } } });

describe("a description that came from somebody", () => {
	it("is taken as it is, with a summary that is text or none", () => {
		for (const value of [whole, withLook({ summary: "" }), withLook({ summary: undefined }), withLook({ more: 1 })]) {
			expect(parseDescription(value)).toBe(value);
		}
	});

	it.each([
		["null", null],
		["a number", 7],
		["an array", []],
		["an object", { content: "Look" }],
	])("is refused when a summary is %s", (_, summary) => {
		expect(() => parseDescription(withLook({ summary }))).toThrow(
			new TypeError('function "look" is not described: it needs kind, delivery and faults, and a summary that is text'),
		);
	});

	it.each([
		["no kind", { kind: undefined }],
		["a kind that is none", { kind: "put" }],
		["a delivery that is none", { delivery: "maybe" }],
		["faults that are no object", { faults: [] }],
	])("is refused when a function has %s", (_, over) => {
		expect(() => parseDescription(withLook(over))).toThrow(TypeError);
	});

	const retry = { attempts: 3, backoffMs: 1, maxBackoffMs: 1, attemptTimeoutMs: 86_400_000, faults: ["no"] };
	const durable = { delivery: "at-least-once", faults: { no: {} }, retry };

	it("is taken with settings of how a function is tried again, also when there are more than are known", () => {
		for (const value of [withLook(durable), withLook({ ...durable, retry: { ...retry, colour: "red" } })]) {
			expect(parseDescription(value)).toBe(value);
		}
	});

	it.each([
		["one that runs at most once", { delivery: "at-most-once" }, "retry is for durable functions"],
		["no object", { retry: null }, "retry must be an object"],
		["one setting missing", { retry: { ...retry, attempts: undefined } }, "retry.attempts must be"],
		["too many attempts", { retry: { ...retry, attempts: 101 } }, "a whole number from 1 to 100"],
		["a pause that is no number", { retry: { ...retry, backoffMs: "1" } }, "retry.backoffMs must be"],
		["no list of faults", { retry: { ...retry, faults: "no" } }, "retry.faults must be a list"],
		["another's fault", { retry: { ...retry, faults: ["yes"] } }, 'each once, and has "yes"'],
		["a fault twice", { retry: { ...retry, faults: ["no", "no"] } }, 'each once, and has "no"'],
		["what is no name", { retry: { ...retry, faults: [{ a: "x".repeat(1000) }] } }, 'has {"a":"xxx'],
	])("is refused when what is tried again is %s", (_, over, why) => {
		const parse = () => parseDescription(withLook({ ...durable, ...over }));
		expect(parse).toThrow(TypeError);
		expect(parse).toThrow(`function "look" is not described: `);
		expect(parse).toThrow(why);
	});

	it.each([
		null,
		"x",
		[],
		{},
		{ ...whole, service: 1 },
		{ ...whole, functions: [] },
		{ ...whole, functions: { look: 1 } },
	])("is refused when it is %j", (value) => {
		expect(() => parseDescription(value)).toThrow(TypeError);
	});
});
