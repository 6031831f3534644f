import { describe, expect, it } from "vitest";
import { type Owner, systemProcesses } from "./owner.js";
import { child } from "./testing/child.js";
import { place } from "./testing/place.js";

const { self, isAlive } = systemProcesses;
/** A number that no process has. */
const NOBODY = 2 ** 30;

describe("the owner of a journal", () => {
	it("is this process only where this process says so: numbers come again", () => {
		expect(self.pid).toBe(process.pid);
		expect(isAlive(self)).toBe(false);
	});

	it.skipIf(process.platform !== "linux")("is alive as long as a process has its number and its start", async () => {
		const other = child(`say(process.pid); setInterval(() => {}, 1_000);`, place());
		expect(await other.said()).toBe(other.pid);
		const { readFileSync } = await import("node:fs");
		const stat = readFileSync(`/proc/${other.pid}/stat`, "utf8");
		const owner: Owner = { ...self, pid: other.pid, startedAt: stat.split(" ")[21] };
		expect(isAlive(owner)).toBe(true);
		expect(isAlive({ ...owner, startedAt: self.startedAt })).toBe(false);
		expect(isAlive({ ...owner, bootId: "an earlier one" })).toBe(false);
		await other.kill();
		expect(isAlive(owner)).toBe(false);
	});

	it("is told by its number alone where the machine says no more", () => {
		const unknown = { bootId: undefined, startedAt: undefined };
		expect(isAlive({ ...unknown, pid: process.ppid })).toBe(true);
		expect(isAlive({ ...unknown, pid: NOBODY })).toBe(false);
	});
});
