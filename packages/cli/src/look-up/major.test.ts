import { expect, it } from "vitest";
import { UsageError } from "../command-error.js";
import { gatherMajors, type Majors, major } from "./major.js";

const none: Majors = new Map();

it("--major gathers numbers by service, each once", () => {
	const args = ["dictionary=1", "clock=0", "dictionary=2", "dictionary=1"];
	const gathered = args.reduce<Majors>((known, text) => gatherMajors(text, known), none);
	expect([...gathered]).toEqual([
		["dictionary", [1, 2]],
		["clock", [0]],
	]);
	expect(none.size).toBe(0);
});

it.each([
	"dictionary",
	"dictionary=",
	"dictionary=1.0",
	"dictionary=-1",
	"=1",
	"a b=1",
	"dictionary=1=2",
	"dictionary=01",
])("--major %s is a mistake on the command line", (text) => {
	expect(() => gatherMajors(text, none)).toThrow(UsageError);
	expect(() => gatherMajors(text, none)).toThrow(/^--major /);
});

it("a major version alone is a number as versions have it", () => {
	expect(major("12")).toBe(12);
	for (const text of ["", "v1", "1.0", "01", "9999999999"]) expect(() => major(text)).toThrow(UsageError);
});
