import { appendFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { get, service, set } from "antiphon";
import { z } from "zod";
import { cleanEnvironment } from "./antiphon-command.js";
import { type Child, startChild } from "./process.js";
import type { XmppServer } from "./xmpp-server.js";

/** A service whose every run can be counted from outside, for tests in which processes die. */
export const work = service("work", "1.0.0", {
	/** Answers with the instance, after a while. */
	read: get({ input: z.object({ afterMs: z.number() }), output: z.string() }),
	/** Notes `n` in a file, and then does the same. */
	write: set({ input: z.object({ n: z.number().int(), afterMs: z.number() }), output: z.string() }),
});

/** What a provider of it does: that of a process of its own, and one in the process of the test that nothing befalls. */
export function workHandlers(instance: string, notes: string) {
	return {
		read: async ({ afterMs }: { readonly afterMs: number }) => {
			await sleep(afterMs);
			return instance;
		},
		write: async ({ n, afterMs }: { readonly n: number; readonly afterMs: number }) => {
			appendFileSync(notes, `${n}\n`);
			await sleep(afterMs);
			return instance;
		},
	};
}

export interface WorkerOptions {
	readonly server: XmppServer;
	readonly account: string;
	readonly domain: string;
	readonly instance: string;
	/** Where runs of `write` are noted, a line each. */
	readonly notes: string;
}

const MODULE = fileURLToPath(new URL("./worker.js", import.meta.url));

/** Starts a provider in a process of its own. SIGTERM drains it. It says `serving` once calls can arrive. */
export function startWorker({ server, account, domain, instance, notes }: WorkerOptions): Child {
	return startChild({
		command: process.execPath,
		args: [MODULE, domain, instance, notes],
		env: cleanEnvironment({
			ANTIPHON_URL: `xmpp://${server.host}:${server.c2sPort}`,
			ANTIPHON_JID: `${account}@${server.domain}`,
			ANTIPHON_PASSWORD: server.users[account] ?? "",
		}),
	});
}

/** How often each `n` was run, whatever became of its call. */
export async function runsIn(notes: string): Promise<Map<number, number>> {
	const runs = new Map<number, number>();
	for (const line of (await readFile(notes, "utf8")).split("\n")) {
		if (line === "") continue;
		const n = Number(line);
		runs.set(n, (runs.get(n) ?? 0) + 1);
	}
	return runs;
}
