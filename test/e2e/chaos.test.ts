import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { runChild } from "#kit";

const CHAOS = fileURLToPath(new URL("../chaos/main.mjs", import.meta.url));
/** It takes ten seconds, and on a machine that has no time at most this. */
const LIMIT_MS = 240_000;
/** With this seed everything is killed once within four seconds, links are spoiled in every way, and the disk is filled. */
const SEED = 27;
const SHORT = ["--minutes", "0.06667", "--every", "400", "--callers", "2", "--providers", "2", "--settle", "150"];

describe("durable calls, while callers, providers, domain and server are killed, stopped and cut off", () => {
	it("are not lost, not run twice where that is not allowed, and settle", { timeout: LIMIT_MS + 10_000 }, async () => {
		const args = [CHAOS, "--seed", `${SEED}`, ...SHORT, "--rate", "15", "--json"];
		const { code, stdout, stderr } = await runChild({ command: process.execPath, args, limitMs: LIMIT_MS });
		expect(stdout, stderr).not.toBe("");
		const { verdict, faults } = JSON.parse(stdout);
		expect(verdict).toMatchObject({
			ok: true,
			lost: 0,
			duplicated: 0,
			unsettled: 0,
			untrue: 0,
			unknown: 0,
			refused: 0,
		});
		expect(verdict.settled).toBe(verdict.begun);
		expect(verdict.settled).toBeGreaterThan(4);
		expect(faults).toMatchObject({ kill: 4, pause: 1, cut: 1, "hang-up": 1, refuse: 1, stall: 1 });
		expect(code).toBe(0);
	});
});
