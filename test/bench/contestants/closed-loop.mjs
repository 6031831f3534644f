import { percentile } from "../statistics.mjs";

/** For how long after the end of a slice the calls in flight may take to come back. */
const DRAIN_LIMIT_MS = 20_000;

/**
 * Keeps `concurrency` calls in flight for `durationMs`: each loop makes its next call when the last has come back. Counts
 * what came back in that time, or the first that came back later if the machine was so busy that none did. Latencies
 * are in milliseconds, processor time of this process in microseconds a call.
 * @throws what a call throws, and Error if a call does not come back
 */
export async function closedLoop(call, { concurrency, durationMs }) {
	const latencies = [];
	const startedMs = performance.now();
	let endMs = startedMs + durationMs;
	const cpu = process.cpuUsage();
	let failed = false;
	const loop = async () => {
		for (let begunMs = startedMs; begunMs < endMs && !failed; ) {
			await call();
			const nowMs = performance.now();
			if (latencies.length === 0) endMs = Math.max(endMs, nowMs);
			if (nowMs <= endMs) latencies.push(nowMs - begunMs);
			begunMs = nowMs;
		}
	};
	const loops = Promise.all(Array.from({ length: concurrency }, loop)).catch((error) => {
		failed = true;
		throw error;
	});
	await within(loops, durationMs + DRAIN_LIMIT_MS, "a call did not come back");
	const { user, system } = process.cpuUsage(cpu);
	const sorted = Float64Array.from(latencies).sort();
	return {
		calls: sorted.length,
		callsPerSecond: (sorted.length / (endMs - startedMs)) * 1000,
		p50Ms: percentile(sorted, 0.5),
		p95Ms: percentile(sorted, 0.95),
		p99Ms: percentile(sorted, 0.99),
		cpuUs: (user + system) / sorted.length,
	};
}

/** The outcome of a promise, or an error after `limitMs`. */
export async function within(promise, limitMs, what) {
	let timer;
	const limit = new Promise((_, reject) => {
		timer = setTimeout(() => reject(new Error(`${what} within ${limitMs} ms`)), limitMs);
	});
	try {
		return await Promise.race([promise, limit]);
	} finally {
		clearTimeout(timer);
	}
}
