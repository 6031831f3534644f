import { CONTESTANTS } from "../contestants.mjs";
import { spread } from "../statistics.mjs";
import { chooseWorlds, startWorldServer } from "../worlds.mjs";

const WARM_UP_CONCURRENCY = 16;
/** How much of the first warm-up is enough for code that has run in another world before. */
const LATER_WARM_UP = 0.25;

/**
 * Calls per second and latency in every world that is installed. Where there is a server, the two contestants take turns
 * in short slices over the same one, so that whatever else the machine does hits both.
 */
export async function measureCalls(options) {
	const { memory, servers, skipped } = chooseWorlds(options.worlds);
	const rows = [];
	if (memory) {
		await using(["memory"], async (contestants) => {
			rows.push(...(await measureWorld({ name: "memory (one process)" }, undefined, contestants, options)));
		});
	}
	await using(["antiphon", "bare"], async (contestants) => {
		for (const kind of servers) {
			const server = await startWorldServer(kind);
			try {
				for (const world of kind.worlds) rows.push(...(await measureWorld(world, server, contestants, options)));
			} catch (error) {
				// Before their server goes: they would only complain about that.
				await end(contestants);
				throw error;
			} finally {
				await server.stop();
			}
		}
	});
	return { rows, skipped };
}

/** Does the work with contestants that are ended after it, whatever happens. */
async function using(names, work) {
	const contestants = names.map((name) => ({ name, isWarm: false, ...CONTESTANTS[name]() }));
	try {
		await work(contestants);
	} finally {
		await end(contestants);
	}
}

async function end(contestants) {
	for (const contestant of contestants) await contestant[Symbol.asyncDispose]();
}

/**
 * Rounds of slices: each round goes through every concurrency and both contestants, so that what changes in time (code
 * that gets warm, other work of the machine) is spread over all of them, and a median drops it.
 */
async function measureWorld(world, server, contestants, { concurrency, slices, sliceMs, warmUpMs }) {
	for (const contestant of contestants) {
		await contestant.join(server, world);
		const durationMs = contestant.isWarm ? Math.ceil(warmUpMs * LATER_WARM_UP) : warmUpMs;
		await contestant.slice({ concurrency: WARM_UP_CONCURRENCY, durationMs });
		contestant.isWarm = true;
	}
	const takenAt = concurrency.map(() => Object.fromEntries(contestants.map(({ name }) => [name, []])));
	for (let round = 0; round < slices; round++) {
		// Who comes first changes, so that a drift favours nobody.
		const order = round % 2 === 0 ? contestants : contestants.toReversed();
		for (const [i, inFlight] of concurrency.entries()) {
			for (const { name, slice } of order) {
				takenAt[i][name].push(await slice({ concurrency: inFlight, durationMs: sliceMs }));
			}
		}
	}
	for (const contestant of contestants) await contestant.leave();
	return concurrency.map((inFlight, i) => ({
		world: world.name,
		concurrency: inFlight,
		slices,
		sliceMs,
		...summary(takenAt[i]),
	}));
}

function summary({ memory, antiphon = memory, bare }) {
	const row = { antiphon: over(antiphon) };
	if (bare === undefined) return row;
	// Of neighbours in time, before anything is averaged.
	const ratio = spread(antiphon.map((slice, i) => slice.callsPerSecond / bare[i].callsPerSecond));
	return { ...row, bare: over(bare), ratio };
}

/** Each metric over the slices. */
function over(slices) {
	const metrics = Object.keys(slices[0]).filter((metric) => metric !== "calls");
	return {
		calls: slices.reduce((sum, { calls }) => sum + calls, 0),
		...Object.fromEntries(metrics.map((metric) => [metric, spread(slices.map((slice) => slice[metric]))])),
	};
}
