import { readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type CallContext, service, set } from "antiphon";
import { z } from "zod";
import { cleanEnvironment } from "./antiphon-command.js";
import { appendLine, linesOf } from "./json-lines.js";
import { type Child, startChild } from "./process.js";
import type { XmppServer } from "./xmpp-server.js";

/** A service of durable calls whose every run can be counted from outside, for tests in which processes die. */
export const deeds = service("deeds", "1.0.0", {
	/** Notes `n` in a file, and answers with the instance after a while. What else there is makes the call larger. */
	act: set({
		delivery: "effectively-once",
		input: z.object({ n: z.number().int(), afterMs: z.number(), ballast: z.string().optional() }),
		output: z.string(),
	}),
});

/** What a provider of it does: that of a process of its own, and one in the process of the test that nothing befalls. */
export function deedHandlers(instance: string, notes: string) {
	return {
		act: async (
			{ n, afterMs }: { readonly n: number; readonly afterMs: number },
			{ callId, attempt }: Pick<CallContext, "callId" | "attempt">,
		) => {
			const run: DeedRun = { n, callId, attempt, instance, pid: process.pid, at: Date.now() };
			appendLine(notes, run);
			await sleep(afterMs);
			return instance;
		},
	};
}

/** How many it runs at once. */
export const DEED_CONCURRENCY = 4;

export interface DeedWorkerOptions {
	readonly server: XmppServer;
	readonly account: string;
	readonly domain: string;
	readonly instance: string;
	/** Where runs are noted, a line each. */
	readonly notes: string;
	/** The folder of its inbox. */
	readonly inbox: string;
	/** How large that may get. Default: as large as stores are. */
	readonly maxInboxBytes?: number;
	/** Where it connects: a proxy, say. Default: the server's port for clients. */
	readonly port?: number;
}

const MODULE = fileURLToPath(new URL("./deed-worker.js", import.meta.url));

/** Starts a provider in a process of its own. SIGTERM drains it. It says `serving` once calls can arrive. */
export function startDeedWorker(options: DeedWorkerOptions): Child {
	const { server, account, domain, instance, notes, inbox, maxInboxBytes, port = server.c2sPort } = options;
	const size = maxInboxBytes === undefined ? [] : [`${maxInboxBytes}`];
	return startChild({
		command: process.execPath,
		args: [MODULE, domain, instance, notes, inbox, ...size],
		env: cleanEnvironment({
			ANTIPHON_URL: `xmpp://${server.host}:${port}`,
			ANTIPHON_JID: `${account}@${server.domain}`,
			ANTIPHON_PASSWORD: server.users[account] ?? "",
		}),
	});
}

/** One run, as its handler noted it before it did anything. */
export interface DeedRun {
	readonly n: number;
	readonly callId: string;
	readonly attempt: number;
	/** Who ran it, in which process, and when it began by the clock of this machine, in milliseconds. */
	readonly instance: string;
	readonly pid: number;
	readonly at: number;
}

/** All runs in such a file, also while workers that may die at any time write to it. */
export async function deedsIn(notes: string): Promise<DeedRun[]> {
	return linesOf(await readFile(notes, "utf8"));
}
