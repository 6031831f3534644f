import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { runChild } from "#kit";

const BENCH = fileURLToPath(new URL("../bench/", import.meta.url));
const LIMIT_MS = 60_000;
const limit = { timeout: LIMIT_MS };

const node = (...args: string[]) => runChild({ command: process.execPath, args, cwd: BENCH, limitMs: LIMIT_MS });
const asModule = (source: string) => `data:text/javascript,${encodeURIComponent(source)}`;
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

const mbPerSecond = (antiphon: number, ltx: number) => ({
	antiphon: { mbPerSecond: antiphon },
	ltx: { mbPerSecond: ltx },
});

/** What `--check` says when the parsers are measured like this, one time after the other, and then as the last time. */
function checkOf(...measurements: (object | undefined)[][]) {
	const texts = JSON.stringify(measurements.map((rows) => JSON.stringify({ rows })));
	const measured = `const texts = ${texts}; export const runModule = async () => texts.length > 1 ? texts.shift() : texts[0];`;
	const hooks = asModule(`export const load = (url, context, next) =>
		url.endsWith("/parts/run-module.mjs")
			? { format: "module", shortCircuit: true, source: ${JSON.stringify(measured)} }
			: next(url, context);`);
	const preload = asModule(`import { register } from "node:module"; register(${JSON.stringify(hooks)});`);
	return node("--import", preload, "main.mjs", "--only", "xml", "--check", "--json");
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

	it("finds the parser as fast as it has to be, and fails if it is not", limit, async () => {
		const good = await node("main.mjs", "--only", "xml", "--quick", "--check", "--json");
		expect(good).toMatchObject({ code: 0, stderr: "" });
		const { requirements } = JSON.parse(good.stdout).xml;
		expect(requirements).toHaveLength(6);

		// The same command, with results in which ltx is the faster one and long text is slow.
		const missed = [
			{ name: "64 B, one per chunk", ...mbPerSecond(90, 100) },
			{ name: "1 KiB, one per chunk", ...mbPerSecond(96, 100) },
			{ name: "1 MiB text, 64 KiB chunks", ...mbPerSecond(299, 1) },
		];
		const slow = await checkOf(missed);
		expect(slow.code).toBe(1);
		expect(slow.stderr).toBe(
			"bench: missed: 64 B, one per chunk: no slower than ltx; 1 MiB text, 64 KiB chunks: at least 300 MB/s\n",
		);

		// Something else wanted the machine, once while each case was measured.
		const met = missed.map(({ name }) => ({ name, ...mbPerSecond(301, 95) }));
		const disturbed = await checkOf([missed[0], missed[1], met[2]], [met[0], missed[1], missed[2]]);
		expect(disturbed).toMatchObject({ code: 0, stderr: "" });
	});

	it("measures a domain with ten thousand functions", limit, async () => {
		const { code, stdout, stderr } = await node("main.mjs", "--only", "domain", ...SHORT, "--json");
		expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
		const { domain } = JSON.parse(stdout);
		expect(domain).toMatchObject({ functions: 10_000, instances: 200 });
		for (const number of [domain.registerMs, domain.resolveMs.p50, domain.resolveMs.p99, domain.listMs]) {
			expect(number).toBeGreaterThan(0);
		}
		expect(domain.heapMb.full).toBeGreaterThan(domain.heapMb.empty);
		expect(domain.calls.map(({ concurrency }: Row) => concurrency)).toEqual([1, 16]);
		for (const { direct, proxied } of domain.calls) {
			expectSpread(direct);
			expectSpread(proxied);
		}
	});

	it("measures durable calls on a disk, and a queue in which many wait", limit, async () => {
		const few = ["--slices", "1", "--slice-ms", "30", "--concurrency", "4", "--depth", "500", "--journals", "lmdb"];
		const { code, stdout, stderr } = await node("main.mjs", "--only", "durable,depth", ...few, "--json");
		expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
		const { durable, depth } = JSON.parse(stdout);
		expectSpread(durable.flushesPerSecond);
		const ways = ["accepted", "settled", ...("jetStream" in durable ? ["jetStream"] : [])];
		expect(durable.rows.map(({ concurrency, ...row }: Row) => [concurrency, Object.keys(row)])).toEqual([[4, ways]]);
		for (const way of ways) {
			for (const metric of ["callsPerSecond", "p50Ms", "p99Ms"]) expectSpread(durable.rows[0][way][metric]);
		}
		if (!ways.includes("jetStream")) expect(durable.skipped.reason).toMatch(/^nats-server not installed; add with: /);
		expect(depth.rows).toMatchObject([{ journal: "lmdb", calls: 500 }]);
		const [{ accepted, lastAccepted, drained, startMs, heapMb, rssMb }] = depth.rows;
		for (const { perSecond, perCpuSecond } of [accepted, lastAccepted, drained]) {
			expect(Math.min(perSecond, perCpuSecond)).toBeGreaterThan(0);
		}
		expect(Math.min(startMs, heapMb, rssMb)).toBeGreaterThan(0);
	});

	it("says what is wrong with its options, and with a contestant that fails", limit, async () => {
		const wrong = await node("main.mjs", "--only", "nothing");
		expect(wrong).toMatchObject({ code: 1, stdout: "" });
		expect(wrong.stderr).toMatch(/--only: there is no nothing; there are xml, server, calls, domain/);

		// Port 1: nobody listens there.
		const options = JSON.stringify({ url: "xmpp://127.0.0.1:1", jid: "a@localhost/a", password: "x" });
		const start = `import { startProcess } from "./contestant-process.mjs"; await startProcess("bare-caller").join("the caller", ${options});`;
		const failed = await node("--input-type=module", "--eval", start);
		expect(failed.code).toBe(1);
		expect(failed.stderr).toMatch(/the caller failed: .*ECONNREFUSED/);
	});
});
