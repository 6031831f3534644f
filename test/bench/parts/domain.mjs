import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { NS } from "@antiphon/protocol";
import { xml } from "@antiphon/xml";
import { clientLink, createNode, get, service } from "antiphon";
import { z } from "zod";
import { startEmbedded } from "#kit";
import { percentile, spread } from "../statistics.mjs";

const DOMAIN = "fn.localhost";
const INSTANCES = 200;
const FUNCTIONS = 10_000;
/** A server has a limit of connections for one. */
const ACCOUNTS = 20;
const RESOLVES = 200;
const HOST = fileURLToPath(new URL("../domain-process.mjs", import.meta.url));

/**
 * A domain with ten thousand functions: two hundred providers, each on a connection of its own and with a service of its
 * own, over the embedded server. Domain and server are processes of their own; providers and callers share one.
 */
export async function measureDomain({ concurrency, slices, sliceMs }) {
	const workers = Array.from({ length: ACCOUNTS }, (_, i) => [`worker-${i}`, "w"]);
	const users = { caller: "c", ...Object.fromEntries(workers) };
	const server = await startEmbedded({ users, components: { [DOMAIN]: "secret" } });
	const nodes = [];
	const join = async (jid) => {
		const url = `xmpp://${server.host}:${server.c2sPort}`;
		const node = await createNode({ link: clientLink({ url, jid, password: users[jid.split("@")[0]] }) });
		nodes.push(node);
		return node;
	};
	const url = `xmpp://${server.host}:${server.componentPort}`;
	const host = fork(HOST, [url, DOMAIN, "secret"], { execArgv: ["--expose-gc"] });
	try {
		await firstMessage(host);
		const empty = await stateOf(host);
		const providers = await Promise.all(
			Array.from({ length: INSTANCES }, (_, i) => join(`worker-${i % ACCOUNTS}@${server.domain}/${i}`)),
		);
		const startedMs = performance.now();
		await Promise.all(providers.map((node, i) => node.serve(contract(i), handlers(), { domain: DOMAIN })));
		const registerMs = performance.now() - startedMs;
		const full = await stateOf(host);
		if (full.instances !== INSTANCES) throw new Error(`the domain has ${full.instances} instances, not ${INSTANCES}`);
		const caller = await join(`caller@${server.domain}/c`);
		return {
			functions: FUNCTIONS,
			instances: INSTANCES,
			registerMs,
			heapMb: { empty: empty.heapMb, full: full.heapMb },
			resolveMs: await resolving(caller),
			listMs: await listing(caller),
			calls: await calling(caller, { concurrency, slices, sliceMs }),
		};
	} finally {
		host.disconnect();
		await Promise.all(nodes.map((node) => node.close()));
		await server.stop();
	}
}

const names = Array.from({ length: FUNCTIONS / INSTANCES }, (_, i) => `fn${i}`);

function contract(i) {
	const look = get({ input: z.object({ word: z.string() }), output: z.object({ text: z.string() }) });
	return service(`service-${i}`, "1.0.0", Object.fromEntries(names.map((name) => [name, look])));
}

function handlers() {
	return Object.fromEntries(names.map((name) => [name, ({ word }) => ({ text: `${word} is a word` })]));
}

async function stateOf(host) {
	host.send("state");
	return firstMessage(host);
}

async function firstMessage(host) {
	const ended = once(host, "exit").then(([code]) => Promise.reject(new Error(`the domain ended with status ${code}`)));
	const [state] = await Promise.race([once(host, "message"), ended]);
	return state;
}

/** Each of another service, one after the other. */
async function resolving(caller) {
	const took = [];
	for (let i = 0; i < RESOLVES; i++) {
		const client = caller.client(contract(i % INSTANCES), { domain: DOMAIN });
		const startedMs = performance.now();
		const found = await client.$instances();
		took.push(performance.now() - startedMs);
		if (found.length !== 1) throw new Error(`service-${i} has ${found.length} instances`);
	}
	took.sort((a, b) => a - b);
	return { p50: percentile(took, 0.5), p99: percentile(took, 0.99) };
}

/** The services of the domain, as any XMPP client asks for them. */
async function listing(caller) {
	const startedMs = performance.now();
	await caller.query({ type: "get", to: DOMAIN, payload: xml("query", NS.discoItems) });
	return performance.now() - startedMs;
}

/** Calls a second, made at the instance and through the domain, by turns. */
async function calling(caller, { concurrency, slices, sliceMs }) {
	const direct = caller.client(contract(0), { domain: DOMAIN });
	const proxied = caller.client(contract(0), { to: `service-0@${DOMAIN}` });
	const ways = { direct, proxied };
	for (const client of Object.values(ways)) await perSecond(client, 16, 2 * sliceMs);
	const rows = [];
	for (const inFlight of concurrency) {
		const taken = { direct: [], proxied: [] };
		for (let i = 0; i < slices; i++) {
			for (const [way, client] of Object.entries(ways)) taken[way].push(await perSecond(client, inFlight, sliceMs));
		}
		rows.push({ concurrency: inFlight, direct: spread(taken.direct), proxied: spread(taken.proxied) });
	}
	return rows;
}

async function perSecond(client, inFlight, durationMs) {
	const startedMs = performance.now();
	let calls = 0;
	const callAway = async () => {
		while (performance.now() - startedMs < durationMs) {
			await client.fn0({ word: "stanza" });
			calls++;
		}
	};
	await Promise.all(Array.from({ length: inFlight }, callAway));
	return calls / ((performance.now() - startedMs) / 1000);
}
