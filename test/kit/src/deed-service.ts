import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { service, set } from "antiphon";
import { z } from "zod";
import { cleanEnvironment } from "./antiphon-command.js";
import { type Child, startChild } from "./process.js";
import type { XmppServer } from "./xmpp-server.js";

/** A service of durable calls whose every run can be counted from outside, for tests in which processes die. */
export const deeds = service("deeds", "1.0.0", {
	/** Notes `n` in a file, and answers with the instance after a while. */
	act: set({
		delivery: "effectively-once",
		input: z.object({ n: z.number().int(), afterMs: z.number() }),
		output: z.string(),
	}),
});

export interface DeedWorkerOptions {
	readonly server: XmppServer;
	readonly account: string;
	readonly domain: string;
	readonly instance: string;
	/** Where runs are noted, a line each. */
	readonly notes: string;
	/** The folder of its inbox. */
	readonly inbox: string;
}

const MODULE = fileURLToPath(new URL("./deed-worker.js", import.meta.url));

/** Starts a provider in a process of its own. SIGTERM drains it. It says `serving` once calls can arrive. */
export function startDeedWorker({ server, account, domain, instance, notes, inbox }: DeedWorkerOptions): Child {
	return startChild({
		command: process.execPath,
		args: [MODULE, domain, instance, notes, inbox],
		env: cleanEnvironment({
			ANTIPHON_URL: `xmpp://${server.host}:${server.c2sPort}`,
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
}

export async function deedsIn(notes: string): Promise<DeedRun[]> {
	const lines = (await readFile(notes, "utf8")).split("\n").filter((line) => line !== "");
	return lines.map((line) => JSON.parse(line) as DeedRun);
}
