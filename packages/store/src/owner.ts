import { readFileSync } from "node:fs";

/** Who has a journal open, as it stands in the file. */
export interface Owner {
	readonly pid: number;
	/** Of the machine's start, on Linux: no process of an earlier one lives. */
	readonly bootId: string | undefined;
	/** When the process started, in ticks since the machine did, on Linux: numbers of processes come again. */
	readonly startedAt: string | undefined;
}

/** What is asked of the machine about processes. */
export interface Processes {
	/** This one. */
	readonly self: Owner;
	/** Whether an owner runs still. */
	isAlive(owner: Owner): boolean;
}

/**
 * Processes of this machine. One in another container, with numbers of its own, counts as dead: who takes a journal from it by
 * mistake has the next epoch, and the other can store nothing more.
 */
export const systemProcesses: Processes = {
	self: { pid: process.pid, bootId: bootId(), startedAt: startOf(process.pid) },
	isAlive({ pid, bootId: thatBoot, startedAt }) {
		// What this process has open it knows itself; a container's first process has the same number each time.
		if (pid === process.pid) return false;
		if (thatBoot !== undefined) return thatBoot === bootId() && startOf(pid) === startedAt;
		try {
			process.kill(pid, 0);
			return true;
		} catch (error) {
			return (error as NodeJS.ErrnoException).code === "EPERM";
		}
	},
};

function bootId(): string | undefined {
	return textOf("/proc/sys/kernel/random/boot_id")?.trim();
}

/** The 22nd field of `proc_pid_stat(5)`; the second is a name in brackets that may have anything in it. */
function startOf(pid: number): string | undefined {
	const text = textOf(`/proc/${pid}/stat`);
	return text?.slice(text.lastIndexOf(")") + 2).split(" ")[19];
}

function textOf(path: string): string | undefined {
	try {
		return readFileSync(path, "utf8");
	} catch {
		return undefined;
	}
}
