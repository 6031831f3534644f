import { startAntiphon, startBare, startInMemory } from "../contestants.mjs";
import { spread } from "../statistics.mjs";
import { chooseWorlds, startWorldServer } from "../worlds.mjs";

const WARM_UP_CONCURRENCY = 16;

/**
 * Calls per second and latency in every world that is installed. Where there is a server, the two contestants take turns
 * in short slices over the same one, so that whatever else the machine does hits both.
 */
export async function measureCalls(options) {
	const { memory, servers, skipped } = chooseWorlds(options.worlds);
	const rows = [];
	if (memory) {
		const antiphon = await startInMemory();
		rows.push(...(await closing([antiphon], () => measureWorld("memory (one process)", { antiphon }, options))));
	}
	for (const kind of servers) {
		const server = await startWorldServer(kind);
		const worlds = async () => {
			for (const world of kind.worlds) rows.push(...(await measureOverServer(server, world, options)));
		};
		await closing([server], worlds);
	}
	return { rows, skipped };
}

async function measureOverServer(server, world, options) {
	const antiphon = await startAntiphon(server, world);
	return closing([antiphon], async () => {
		const bare = await startBare(server, world);
		return closing([bare], () => measureWorld(world.name, { antiphon, bare }, options));
	});
}

/** @param contestants name → contestant */
async function measureWorld(world, contestants, { concurrency, slices, sliceMs, warmUpMs }) {
	for (const contestant of Object.values(contestants)) {
		await contestant.slice({ concurrency: WARM_UP_CONCURRENCY, durationMs: warmUpMs });
	}
	const rows = [];
	for (const inFlight of concurrency) {
		const taken = Object.fromEntries(Object.keys(contestants).map((name) => [name, []]));
		for (let i = 0; i < slices; i++) {
			// Who comes first changes, so that a drift favours nobody.
			const order = i % 2 === 0 ? Object.keys(contestants) : Object.keys(contestants).reverse();
			for (const name of order) {
				taken[name].push(await contestants[name].slice({ concurrency: inFlight, durationMs: sliceMs }));
			}
		}
		rows.push({ world, concurrency: inFlight, slices, sliceMs, ...summary(taken) });
	}
	return rows;
}

function summary(taken) {
	const row = {};
	for (const [name, slices] of Object.entries(taken)) {
		const metrics = Object.keys(slices[0]).filter((metric) => metric !== "calls");
		row[name] = Object.fromEntries(metrics.map((metric) => [metric, spread(slices.map((slice) => slice[metric]))]));
		row[name].calls = slices.reduce((sum, { calls }) => sum + calls, 0);
	}
	// Of neighbours in time, before anything is averaged.
	if (taken.bare !== undefined) {
		row.ratio = spread(taken.antiphon.map((slice, i) => slice.callsPerSecond / taken.bare[i].callsPerSecond));
	}
	return row;
}

/** Does the work and ends what was started for it, whatever happens. */
async function closing(resources, work) {
	try {
		return await work();
	} finally {
		for (const resource of resources) await resource[Symbol.asyncDispose]();
	}
}
