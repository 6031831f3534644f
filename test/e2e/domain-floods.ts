import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { encodeCall, encodeRegister, encodeResolve, iq, NS, presence } from "@antiphon/protocol";
import { createNode, get, type Link, type Node, service, xml } from "antiphon";
import { expect } from "vitest";
import { z } from "zod";
import type { Child } from "#kit";

/** A domain host in a process of its own, with the config that is shipped, and a server with these accounts. */
export interface FloodedDomain {
	readonly domain: string;
	readonly host: Child;
	link(account: "worker" | "me" | "eve" | "mallory"): Link;
}

export const echo = service("lab-echo", "1.0.0", {
	say: get({ input: z.object({ text: z.string() }), output: z.object({ text: z.string() }) }),
});

/** What one flooder asks, in all. */
const REQUESTS = 1_000;
/** Each is an entry in the flooder's roster, too, which its server stores. */
const SUBSCRIPTIONS = 50;
/** What an honest caller allows for an answer, also on a test machine that has much else to do. */
const TIMEOUT_MS = 15_000;
/** How often it asks the host for something: less than its share while there is not room for all. */
const ASK_EVERY_MS = 500;
/** What the memory of a host may grow by: far above what it needs, far below what it would need for ever more floods. */
const MAX_GROWTH_BYTES = 96 * 1024 * 1024;

/**
 * An account floods a domain with look-ups, registrations and subscriptions: one that may register, and then several that
 * may not. Callers are served meanwhile, and whoever runs the host is told who it is.
 */
export async function withstandsFloods({ domain, host, link }: FloodedDomain): Promise<void> {
	await using worker = await createNode({ link: link("worker") });
	await worker.serve(echo, { say: ({ text }) => ({ text }) }, { domain });
	await using caller = await createNode({ link: link("me") });
	const client = caller.client(echo, { domain });
	const call = () => client.say({ text: "x" }, { timeoutMs: TIMEOUT_MS });
	await call();
	const before = { bytes: residentBytes(host), chars: host.stderr().length };
	for (const flooders of [["worker"], ["eve", "mallory"]] as const) {
		let isOver = false;
		const floods = Promise.all(flooders.map((account) => flood(link(account), domain))).finally(() => {
			isOver = true;
		});
		let served = 0;
		while (!isOver) {
			// Those who have found each other do not need the host.
			const [, , answered] = await Promise.all([
				call(),
				sleep(ASK_EVERY_MS),
				askHost(caller, domain).catch(() => false),
			]);
			if (answered) served++;
		}
		await floods;
		expect(served, `questions that were answered while ${flooders.join(", ")} flooded`).toBeGreaterThan(0);
		expect(await askHost(caller, domain)).toBe(true);
	}
	expect(residentBytes(host) - before.bytes).toBeLessThan(MAX_GROWTH_BYTES);
	expect((await client.$instances()).map(({ jid }) => jid)).toEqual([worker.jid]);
	// Who it is and what can be done about it, and not a line for each.
	const lines = host.stderr().slice(before.chars).split("\n");
	const warning = (what: RegExp) => expect.stringMatching(new RegExp(`^\\S+ warn ${domain}: ${what.source}`));
	expect(lines).toContainEqual(
		warning(/refused: (?:eve|mallory)@\S+ may not register \S+ here: access\.register does not allow it/),
	);
	expect(lines).toContainEqual(
		warning(/worker@\S+ could not register \S+: .* raise that bound: limits, in the config/),
	);
	expect(lines.length).toBeLessThan(REQUESTS / 4);
	expect(host.exit()).toBeUndefined();
}

/** A look-up and a call that the host passes on. */
async function askHost(caller: Node, domain: string): Promise<boolean> {
	const [timeoutMs, type] = [TIMEOUT_MS, "get"] as const;
	const resolve = encodeResolve({ version: undefined, watchMs: 0 });
	const call = encodeCall({
		fn: "lab-echo.say",
		version: undefined,
		ttlMs: timeoutMs,
		encoding: "json",
		input: { text: "x" },
	});
	const [found, reply] = await Promise.all([
		caller.query({ type, to: `lab-echo@${domain}`, payload: resolve, timeoutMs }),
		caller.query({ type, to: `lab-echo.say@${domain}`, payload: call, timeoutMs }),
	]);
	return found?.elements().length === 1 && reply?.text() === '{"text":"x"}';
}

/** Everything at once, as fast as its server takes it. Over when the host has got to the end of it. */
async function flood(link: Link, domain: string): Promise<void> {
	let isAnswered = false;
	const onStanza = (stanza: { attr(name: string): string | undefined }) => {
		if (stanza.attr("id")?.startsWith("last")) isAnswered = true;
	};
	await link.open({ onState() {}, onStanza }, { timeoutMs: TIMEOUT_MS });
	try {
		for (let i = 0; i < REQUESTS / 2; i++) {
			const service = i % 2 === 0 ? "lab-echo" : `none-${i}`;
			link.send(
				iq("get", { id: `a${i}`, to: `${service}@${domain}` }, encodeResolve({ version: undefined, watchMs: 60_000 })),
			);
			// A contract that nobody ever shows.
			const fingerprint = "f".repeat(22);
			const own = { version: "1.0.0", fingerprint, instance: "x", concurrency: 1, labels: {} };
			link.send(iq("set", { id: `b${i}`, to: domain }, encodeRegister({ service: `lab-${i}`, ...own })));
			if (i < SUBSCRIPTIONS) link.send(presence({ to: `none-${i}@${domain}`, type: "subscribe" }));
		}
		for (let i = 0; !isAnswered && i < TIMEOUT_MS / ASK_EVERY_MS; i++) {
			link.send(iq("get", { id: `last${i}`, to: domain }, xml("ping", NS.ping)));
			await sleep(ASK_EVERY_MS);
		}
	} finally {
		await link.close();
	}
}

function residentBytes(host: Child): number {
	const status = readFileSync(`/proc/${host.pid}/status`, "utf8");
	return 1024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]);
}
