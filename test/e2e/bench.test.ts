import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { runChild } from "#kit";

const BENCH = fileURLToPath(new URL("../bench/", import.meta.url));
const LIMIT_MS = 60_000;
const limit = { timeout: LIMIT_MS };

const node = (...args: string[]) => runChild({ command: process.execPath, args, cwd: BENCH, limitMs: LIMIT_MS });
const SHORT = ["--slices", "2", "--slice-ms", "60", "--warm-up-ms", "60", "--concurrency", "1,16"];

interface Spread {
	readonly median: number;
	readonly min: number;
	readonly max: number;
}
type Measured = Readonly<Record<"callsPerSecond" | "p50Ms" | "p95Ms" | "p99Ms" | "cpuUs", Spread>> & {
	readonly calls: number;
};
interface Row {
	readonly world: string;
	readonly concurrency: number;
	readonly antiphon: Measured;
	readonly bare?: Measured;
	readonly ratio?: Spread;
}

function expectSpread({ median, min, max }: Spread): void {
	expect(min).toBeGreaterThan(0);
	expect(median).toBeGreaterThanOrEqual(min);
	expect(max).toBeGreaterThanOrEqual(median);
}

function expectMeasured(measured: Measured | undefined): void {
	expect(measured?.calls).toBeGreaterThan(0);
	for (const metric of ["callsPerSecond", "p50Ms", "p95Ms", "p99Ms", "cpuUs"] as const) {
		expectSpread(measured?.[metric] as Spread);
	}
}

describe("the benchmark", () => {
	it("measures the typed call beside bare xmpp.js and prints one JSON value", limit, async () => {
		const { code, stdout, stderr } = await node(
			...["main.mjs", "--only", "calls", "--worlds", "memory,embedded", ...SHORT, "--json"],
		);
		expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
		const { machine, calls, elapsedMs } = JSON.parse(stdout);
		expect(machine).toMatchObject({ node: process.version, cpus: expect.any(Number) });
		expect(elapsedMs).toBeGreaterThan(0);
		expect(calls.skipped).toEqual([]);
		const rows: Row[] = calls.rows;
		expect(rows.map(({ world, concurrency }) => [world, concurrency])).toEqual(
			["memory (one process)", "embedded client", "embedded component"].flatMap((world) => [
				[world, 1],
				[world, 16],
			]),
		);
		for (const { world, antiphon, bare, ratio } of rows) {
			expectMeasured(antiphon);
			if (world.startsWith("memory")) expect(bare).toBeUndefined();
			else {
				expectMeasured(bare);
				expectSpread(ratio as Spread);
			}
		}
	});

	it("says what is wrong with its options, and with a contestant that fails", limit, async () => {
		const wrong = await node("main.mjs", "--only", "nothing");
		expect(wrong).toMatchObject({ code: 1, stdout: "" });
		expect(wrong.stderr).toMatch(/--only: there is no nothing; there are xml, server, calls/);

		// Port 1: nobody listens there.
		const options = JSON.stringify({ url: "xmpp://127.0.0.1:1", jid: "a@localhost/a", password: "x" });
		const start = `import { startProcess } from "./contestant-process.mjs"; await startProcess("bare-caller").join("the caller", ${options});`;
		const failed = await node("--input-type=module", "--eval", start);
		expect(failed.code).toBe(1);
		expect(failed.stderr).toMatch(/the caller failed: .*ECONNREFUSED/);
	});
});
