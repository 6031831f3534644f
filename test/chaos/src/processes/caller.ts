// A caller in a process of its own: sends durable calls at a steady rate until a file says that it is enough, and notes what it
// was told. When it is started again it goes on with what it has noted; see world.ts.
import { existsSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { type LmdbStoreOptions, lmdbStore } from "@antiphon/store";
import { BusError, createNode, lineLog, linkFromEnv } from "antiphon";
import { appendLine, deeds, linesOf } from "#kit";
import type { CallerLine, Outcome } from "../history.js";

interface CallerOptions {
	readonly name: string;
	readonly domain: string;
	readonly outbox: string;
	readonly limits: LmdbStoreOptions;
	/** Where it notes what it was told. */
	readonly notes: string;
	/** When this file is there it makes no further calls. */
	readonly enough: string;
	/** The number of its first call. */
	readonly first: number;
	readonly maxCalls: number;
	readonly everyMs: number;
	/** Runs take up to this long. */
	readonly maxRunMs: number;
}

/** Of its calls that it has not noted as settled. Above it makes none. */
const MAX_OPEN = 256;
const WAIT_MS = 15_000;
const EXPIRES_MS = 3_600_000;
const AGAIN_MS = 250;
/** One call in so many may run more than once. */
const AT_LEAST_ONCE = 5;
/** One in so many is so large, in characters, that a disk which is full is noticed soon. */
const LARGE = 4;
const BALLAST = "x".repeat(16 * 1024);
/** What trying again does not change. */
const FINAL: readonly string[] = ["invalid-argument", "unauthenticated", "forbidden", "conflict", "too-large"];
/** What says of the waiting that it is over, or cannot begin, and not of the call how it ended. */
const OF_WAITING: readonly string[] = ["deadline-exceeded", "cancelled", "link-lost", "overloaded"];

const options = JSON.parse(process.argv[2] ?? "{}") as CallerOptions;
const { name, domain, notes, first, maxCalls, everyMs, maxRunMs } = options;
const note = (line: CallerLine) => appendLine(notes, line);

const begun = new Set<number>();
const accepted = new Map<number, string>();
const over = new Set<number>();
for (const line of existsSync(notes) ? linesOf<CallerLine>(readFileSync(notes, "utf8")) : []) {
	if (line.is === "begun") begun.add(line.n);
	else if (line.is === "accepted") accepted.set(line.n, line.callId);
	else if (line.is !== "done") over.add(line.n);
}

const node = await createNode({
	link: linkFromEnv(),
	outbox: lmdbStore(options.outbox, options.limits),
	log: lineLog(name, "warn"),
});
void node.closed.then((cause) => {
	if (cause !== undefined) console.error(`${name}: ${cause.message}`);
	process.exit(cause === undefined ? 0 : 1);
});
process.once("SIGTERM", () => void node.close());
console.log("calling");

const { act } = node.client(deeds, { domain });
const open = new Set<number>();
for (const n of begun) if (!over.has(n)) void follow(n);
for (let i = 0; i < maxCalls && !existsSync(options.enough); await sleep(everyMs)) {
	while (begun.has(first + i)) i++;
	if (i >= maxCalls || open.size >= MAX_OPEN) continue;
	note({ is: "begun", n: first + i, at: Date.now(), delivery: deliveryOf(first + i) });
	begun.add(first + i);
	void follow(first + i);
}
while (!existsSync(options.enough) || open.size > 0) await sleep(AGAIN_MS);
note({ is: "done", at: Date.now() });
// Something else tells it when to end.
setInterval(() => {}, WAIT_MS);

function deliveryOf(n: number) {
	return n % AT_LEAST_ONCE === 0 ? "at-least-once" : "effectively-once";
}

/** Sees to it that a call is accepted, and waits for its outcome. */
async function follow(n: number): Promise<void> {
	open.add(n);
	try {
		const callId = accepted.get(n) ?? (await send(n));
		const outcome = callId === undefined ? undefined : await outcomeOf(callId);
		if (outcome !== undefined) note({ is: "settled", n, at: Date.now(), outcome });
	} catch (error) {
		// Such as a disk for its notes that is full: without them nothing that it does counts.
		console.error(error);
		process.exit(1);
	}
	open.delete(n);
}

/** The key makes each repeat the same call, also of another process. @returns its id, or undefined if it was refused for good */
async function send(n: number): Promise<string | undefined> {
	const input = { n, afterMs: (n * 7919) % maxRunMs, ...(n % LARGE === 0 && { ballast: BALLAST }) };
	for (;;) {
		try {
			const callId = await act.send(input, { key: `${n}`, delivery: deliveryOf(n), expiresMs: EXPIRES_MS });
			note({ is: "accepted", n, at: Date.now(), callId });
			return callId;
		} catch (thrown) {
			const { code, executed } = BusError.from(thrown);
			if (FINAL.includes(code)) {
				note({ is: "refused", n, at: Date.now(), code, executed });
				return undefined;
			}
			await sleep(AGAIN_MS);
		}
	}
}

/** Outcomes are recorded, so an error that is one is there when it is asked for again; others are of this node. */
async function outcomeOf(callId: string): Promise<Outcome> {
	for (let before: string | undefined; ; await sleep(AGAIN_MS)) {
		try {
			return { is: "ok", value: String(await node.outcome(callId, { timeoutMs: WAIT_MS })) };
		} catch (thrown) {
			const { code, executed, message } = BusError.from(thrown);
			if (OF_WAITING.includes(code)) continue;
			if (before === message) return { is: "error", code, executed };
			before = message;
		}
	}
}
