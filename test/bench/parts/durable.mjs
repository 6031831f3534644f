import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { clientLink, createNode, service, set } from "antiphon";
import { z } from "zod";
import { available, installCommand, startEmbedded, tempDir } from "#kit";
import { within } from "../contestants/closed-loop.mjs";
import { startJetStream } from "../contestants/jetstream.mjs";
import { percentile, spread } from "../statistics.mjs";
import { flushesPerSecond } from "./disk.mjs";

const DOMAIN = "fn.localhost";
const HOST = fileURLToPath(new URL("../domain-process.mjs", import.meta.url));
/** One account may have so many calls of a function wait, and a node so many open: each slice is another's. */
const ACCOUNTS = 50;
/** Within which a call has to be back, after the end of a slice. */
const BACK_MS = 30_000;
const INPUT = { word: "stanza", text: "A first-level element of a stream: message, presence or iq." };

/**
 * Durable calls on a disk, over the embedded server: until the domain has accepted them, while nobody serves them; and until
 * their outcome is there. Beside these, what the disk can do, and publishing to NATS JetStream. They take turns in short slices.
 */
export async function measureDurable({ concurrency, slices, sliceMs }) {
	const folder = tempDir("bench-durable");
	const world = await startWorld(folder.path, concurrency);
	try {
		const jetStream = await jetStreamIn(folder.path);
		try {
			const ways = {
				accepted: world.accepted,
				settled: world.settled,
				...(jetStream && { jetStream: jetStream.slice }),
			};
			const taken = concurrency.map(() => Object.fromEntries(Object.keys(ways).map((way) => [way, []])));
			const flushes = [];
			// The first round is a warm-up.
			for (let round = 0; round <= slices; round++) {
				const flushed = flushesPerSecond(folder.path, sliceMs);
				if (round > 0) flushes.push(flushed);
				for (const [i, inFlight] of concurrency.entries()) {
					for (const [way, slice] of Object.entries(ways)) {
						const result = await slice({ concurrency: inFlight, durationMs: sliceMs }, i, round);
						if (round > 0) taken[i][way].push(result);
					}
				}
			}
			return {
				flushesPerSecond: spread(flushes),
				rows: concurrency.map((inFlight, i) => ({ concurrency: inFlight, ...summary(taken[i]) })),
				...(jetStream ? { jetStream: jetStream.version } : { skipped: withoutJetStream() }),
			};
		} finally {
			await jetStream?.close();
		}
	} finally {
		await world.end();
		folder.remove();
	}
}

const METRICS = ["callsPerSecond", "p50Ms", "p99Ms"];

function summary(ways) {
	const over = (results) => METRICS.map((metric) => [metric, spread(results.map((result) => result[metric]))]);
	return Object.fromEntries(Object.entries(ways).map(([way, results]) => [way, Object.fromEntries(over(results))]));
}

function withoutJetStream() {
	return { what: "NATS JetStream", reason: `nats-server not installed; add with: ${installCommand(["nats-server"])}` };
}

async function jetStreamIn(folder) {
	if (!available("nats-server")) return undefined;
	const store = join(folder, "jetstream");
	mkdirSync(store);
	const { version, publish, close } = await startJetStream(store);
	const text = JSON.stringify({ fn: "jobs.run", ...INPUT });
	return { version, close, slice: (options) => inFlight(() => publish(text), options) };
}

/**
 * Keeps so many in flight for that long. They come back by groups, one with each flush: so all of them count, until the last is
 * back.
 */
async function inFlight(call, { concurrency, durationMs }) {
	const latencies = [];
	const startedMs = performance.now();
	const endMs = startedMs + durationMs;
	const loop = async () => {
		for (let begunMs = startedMs; begunMs < endMs; ) {
			await call();
			const nowMs = performance.now();
			latencies.push(nowMs - begunMs);
			begunMs = nowMs;
		}
	};
	await within(
		Promise.all(Array.from({ length: concurrency }, loop)),
		durationMs + BACK_MS,
		"a call did not come back",
	);
	const tookMs = performance.now() - startedMs;
	const sorted = Float64Array.from(latencies).sort();
	return {
		callsPerSecond: (sorted.length / tookMs) * 1_000,
		p50Ms: percentile(sorted, 0.5),
		p99Ms: percentile(sorted, 0.99),
	};
}

/** A server and a domain, processes of their own, and a provider here. */
async function startWorld(folder, concurrency) {
	const names = Array.from({ length: ACCOUNTS }, (_, i) => `caller-${i}`);
	const users = Object.fromEntries(["worker", ...names].map((name) => [name, "secret"]));
	const server = await startEmbedded({ users, components: { [DOMAIN]: "secret" } });
	const url = `xmpp://${server.host}:${server.componentPort}`;
	const host = fork(HOST, [url, DOMAIN, "secret", join(folder, "domain")], { execArgv: ["--expose-gc"] });
	const login = (name) => {
		const address = `xmpp://${server.host}:${server.c2sPort}`;
		return createNode({
			link: clientLink({ url: address, jid: `${name}@${server.domain}/bench`, password: "secret" }),
		});
	};
	const nodes = [];
	const end = async () => {
		await Promise.all(nodes.map((node) => node.close()));
		const gone = host.exitCode === null ? once(host, "exit") : undefined;
		if (host.connected) host.disconnect();
		await gone;
		await server.stop();
	};
	try {
		const ended = once(host, "exit").then(([code]) =>
			Promise.reject(new Error(`the domain ended with status ${code}`)),
		);
		await Promise.race([once(host, "message"), ended]);
		ended.catch(() => {});
		const kept = keptOf(concurrency);
		const worker = await login("worker");
		nodes.push(worker);
		const caller = await login("caller-0");
		nodes.push(caller);
		const registered = await worker.serve(kept, handlersOf(kept), { domain: DOMAIN });
		// When there is an outcome the domain has stored what it knows of the functions, and takes calls without an instance.
		await caller.client(kept, { domain: DOMAIN }).keep0(INPUT, { timeoutMs: BACK_MS });
		await registered.drain();
		await worker.serve(jobs, handlersOf(jobs), { domain: DOMAIN, concurrency: 256 });
		const client = caller.client(jobs, { domain: DOMAIN });
		return {
			end,
			settled: (options) => inFlight(() => client.run(INPUT, { timeoutMs: BACK_MS }), options),
			async accepted(options, i, round) {
				const node = await login(`caller-${1 + (round % (ACCOUNTS - 1))}`);
				try {
					const { [`keep${i}`]: keep } = node.client(kept, { domain: DOMAIN });
					return await inFlight(() => keep.send(INPUT, { timeoutMs: BACK_MS }), options);
				} finally {
					await node.close();
				}
			},
		};
	} catch (error) {
		await end();
		throw error;
	}
}

const contract = {
	input: z.object({ word: z.string(), text: z.string() }),
	output: z.object({ words: z.number() }),
	delivery: "effectively-once",
};
const jobs = service("jobs", "1.0.0", { run: set(contract) });

/** A function for each concurrency: of each only so many calls may wait. */
function keptOf(concurrency) {
	return service("letters", "1.0.0", Object.fromEntries(concurrency.map((_, i) => [`keep${i}`, set(contract)])));
}

function handlersOf({ functions }) {
	return Object.fromEntries(Object.keys(functions).map((name) => [name, () => ({ words: 1 })]));
}
