import { existsSync } from "node:fs";

/**
 * Keeps child processes from outliving the test process. Two nets, because neither holds alone:
 * - an `exit` hook that kills what is still registered, for every ordinary end of the process or worker thread;
 * - on Linux, `setpriv --pdeathsig KILL` around the command, for an end that runs no hook (SIGKILL, a crash).
 */
const groups = new Set<number>();
let hooked = false;

/** Registers a process group by the pid of its leader, until `forgetGroup`. */
export function rememberGroup(pid: number): void {
	if (!hooked) {
		hooked = true;
		process.once("exit", () => {
			for (const group of groups) signalGroup(group, "SIGKILL");
		});
	}
	groups.add(pid);
}

export function forgetGroup(pid: number): void {
	groups.delete(pid);
}

/** Pids of the leaders that are still registered: empty when a test file has cleaned up after itself. */
export function livingGroups(): readonly number[] {
	return [...groups];
}

/** Sends a signal to a whole process group. A group that is gone is no error. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
	try {
		process.kill(-pid, signal);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
	}
}

const SETPRIV = "/usr/bin/setpriv";
const bindsToParent = process.platform === "linux" && existsSync(SETPRIV);

/** The command line under which the kernel ends the child with the thread that started it, where that can be had. */
export function boundToParent(command: string, args: readonly string[]): [string, string[]] {
	return bindsToParent ? [SETPRIV, ["--pdeathsig", "KILL", "--", command, ...args]] : [command, [...args]];
}
