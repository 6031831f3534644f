import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { deedsIn, linesOf } from "#kit";
import { audit } from "./audit.js";
import { Breaking } from "./breaking.js";
import type { CallerLine, Outcome } from "./history.js";
import { judge, type Verdict } from "./judge.js";
import { planOf } from "./plan.js";
import type { RunOptions } from "./run-options.js";
import type { Supervised } from "./supervised.js";
import { startWorld, type World } from "./world.js";

export interface Result {
	readonly verdict: Verdict;
	readonly server: string;
	readonly seed: number;
	/** How the disk was filled. */
	readonly disk: World["disk"]["kind"];
	readonly faults: Breaking["counts"];
	/** Processes that have ended by themselves and were started again, by name. */
	readonly gaveUp: Readonly<Record<string, Supervised["gaveUp"]>>;
	/** How long everything took to settle after the last fault; undefined: it did not in time. In milliseconds. */
	readonly settledAfterMs: number | undefined;
	/** Where everything can be read that was noted and logged; only when something is wrong. */
	readonly folder?: string;
}

const LOOK_MS = 200;

/** One run: a world, load, faults, peace, and what the judge says. What it has started it ends, also when it rejects. */
export async function run(options: RunOptions): Promise<Result> {
	const { server, seed, faultsMs, everyMs, settleMs, signal, say } = options;
	const folder = mkdtempSync(join(tmpdir(), "antiphon-chaos-"));
	const remove = () => rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
	const world = await startWorld(options, folder).catch((error: unknown) => {
		remove();
		throw error;
	});
	let keeps = false;
	try {
		const { callers, providers, disk } = world;
		say(`${server.name}, seed ${seed}, disk: ${disk.kind}`);
		const plan = planOf({ seed, totalMs: faultsMs, everyMs, callers, providers, disk: disk.kind !== "none" });
		const breaking = new Breaking(world, signal);
		await breaking.follow(plan, say);
		await sleep(Math.max(0, faultsMs - (plan.at(-1)?.at ?? 0) - (plan.at(-1)?.forMs ?? 0)), undefined, { signal });
		say("nothing breaks any more");
		const quietAt = performance.now();
		world.enough();
		const isSettled = await untilSettled(world, settleMs, signal);
		const settledAfterMs = isSettled ? Math.round(performance.now() - quietAt) : undefined;
		const lines = notesOf(world);
		const verdict = judge({
			lines: [...lines.values()].flat(),
			runs: await deedsIn(world.files.effects),
			lives: [...world.processes.values()].flatMap(({ lives }) => lives),
			outages: breaking.outages,
			audit: isSettled ? await audit(world, lines) : new Map<string, Outcome>(),
		});
		keeps = !verdict.ok;
		const gaveUp = [...world.processes.values()].filter((each) => each.gaveUp.times > 0);
		return {
			verdict,
			server: server.name,
			seed,
			disk: disk.kind,
			faults: breaking.counts,
			gaveUp: Object.fromEntries(gaveUp.map((each) => [each.name, each.gaveUp])),
			settledAfterMs,
			...(keeps && { folder }),
		};
	} finally {
		await world.stop();
		if (!keeps) remove();
	}
}

/** Whether every caller has said that nothing of its own is open, within the limit. */
async function untilSettled(world: World, limitMs: number, signal: AbortSignal | undefined): Promise<boolean> {
	const endMs = performance.now() + limitMs;
	const isDone = (file: string) => readFileSync(file, "utf8").includes('{"is":"done"');
	for (const file of world.files.notes.values()) {
		while (!isDone(file)) {
			if (performance.now() > endMs) return false;
			await sleep(LOOK_MS, undefined, { signal });
		}
	}
	return true;
}

function notesOf({ files }: World): Map<string, CallerLine[]> {
	return new Map([...files.notes].map(([name, file]) => [name, linesOf<CallerLine>(readFileSync(file, "utf8"))]));
}
