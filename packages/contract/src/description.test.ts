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
