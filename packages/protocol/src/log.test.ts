import { describe, expect, it } from "vitest";
import { guardedLog, lineLog, quietLog } from "./log.js";

describe("a guarded log", () => {
	it("passes every level on, with the log as its own this", () => {
		const lines: string[] = [];
		const log = {
			prefix: "p",
			debug(message: string) {
				lines.push(`${this.prefix} debug ${message}`);
			},
			info: (message: string) => lines.push(`info ${message}`),
			warn: (message: string) => lines.push(`warn ${message}`),
			error: (message: string) => lines.push(`error ${message}`),
		};
		const guarded = guardedLog(log);
		for (const level of ["debug", "info", "warn", "error"] as const) guarded[level]("x");
		expect(lines).toEqual(["p debug x", "info x", "warn x", "error x"]);
	});

	it("does not throw when the log does", () => {
		const broken = () => {
			throw new Error("disk full");
		};
		const guarded = guardedLog({ debug: broken, info: broken, warn: broken, error: broken });
		for (const level of ["debug", "info", "warn", "error"] as const) expect(() => guarded[level]("x")).not.toThrow();
		expect(() => quietLog.error("x")).not.toThrow();
	});
});

it("A line log writes lines of the chosen level and above", () => {
	const lines: string[] = [];
	const log = lineLog("server", "warn", (line) => void lines.push(line));
	log.info("no");
	log.warn("yes");
	expect(lines).toEqual([expect.stringMatching(/^\d{4}-.*Z warn server: yes\n$/)]);
});

describe("what a stranger says", () => {
	const written = (message: string): string => {
		const lines: string[] = [];
		lineLog("server", "warn", (line) => void lines.push(line)).warn(message);
		return lines.join("").replace(/^\S+ /, "");
	};

	it("cannot act on the terminal that shows the log, nor turn its writing round", () => {
		expect(written("from \u001b[2J\u009b31m\u202e\u2028\r\b\u007f")).toBe(
			"warn server: from \\u001b[2J\\u009b31m\\u202e\\u2028\\u000d\\u0008\\u007f\n",
		);
	});

	it("cannot add a line to the log", () => {
		expect(written("no\n2026-01-31T12:00:00.000Z error server: forged\n")).toBe(
			"warn server: no\\n2026-01-31T12:00:00.000Z error server: forged\\n\n",
		);
	});

	it("leaves the stack of an error readable, and where it is too long, loses the middle", () => {
		const error = new Error(`${"x".repeat(1_000_000)}\nforged`);
		const frames = String(error.stack).slice(String(error.stack).indexOf("\n    at "));
		const line = written(`failed: ${error.stack}`);
		expect(line.endsWith(`\\nforged${frames}\n`)).toBe(true);
		expect(line).toMatch(/^warn server: failed: Error: x+ … \(\d+ characters left out\) … x+\\nforged\n {4}at /);
		expect(line.length).toBeLessThan(8_500);
		for (const each of line.trimEnd().split("\n").slice(1)) expect(each).toMatch(/^ {4}at /);
	});

	it("is escaped once, whichever log it goes through", () => {
		const lines: string[] = [];
		const log = { ...quietLog, error: (message: string) => void lines.push(message) };
		guardedLog(guardedLog(log)).error("a\u001bb\nc\\n");
		expect(lines).toEqual(["a\\u001bb\\nc\\n"]);
	});
});
