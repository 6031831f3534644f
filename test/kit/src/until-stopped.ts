import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

const POLL_MS = 2;

/**
 * Resolves when every thread of a process has stopped after SIGSTOP: the signal is sent in no time, but a thread that is
 * running on another core goes on for a moment. After `limitMs`, or where there is no /proc, resolves as it is.
 */
export async function untilStopped(pid: number, limitMs: number): Promise<void> {
	for (const endMs = performance.now() + limitMs; performance.now() < endMs; await sleep(POLL_MS)) {
		const states = threadStates(pid);
		if (states === undefined || states.every((state) => state === "T" || state === "t")) return;
	}
}

/** The state letters of a process's threads (proc(5)); undefined without /proc or process. */
function threadStates(pid: number): string[] | undefined {
	try {
		return readdirSync(`/proc/${pid}/task`).map((thread) => {
			const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, "utf8");
			// The name in parentheses may itself hold anything.
			return stat.slice(stat.lastIndexOf(")") + 2, stat.lastIndexOf(")") + 3);
		});
	} catch {
		return undefined;
	}
}
