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
