import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Where all journals of a run are, and what makes that full. */
export interface Disk {
	/** How it is filled; `none`: it cannot be here. */
	readonly kind: "tmpfs" | "file-size limit" | "none";
	readonly path: string;
	/** No journal can grow from now on. */
	fill(pids: readonly number[]): void;
	/** There is room again. */
	free(pids: readonly number[]): void;
	/** Safe to call twice. */
	remove(): void;
}

const CHUNK = Buffer.alloc(1024 * 1024);
const FILLER = "filler";

/**
 * A file system of its own in memory, where this process may mount one; otherwise a limit on the size of files for the processes
 * (`prlimit` of util-linux), which they find exceeded as a full disk is; otherwise a folder that cannot be filled.
 * @param bytes what it holds, if it is a file system of its own
 */
export function makeDisk(path: string, bytes: number): Disk {
	mkdirSync(path, { recursive: true });
	const size = `size=${bytes},mode=700`;
	if (succeeds("mount", ["-t", "tmpfs", "-o", size, "antiphon-chaos", path])) return tmpfs(path);
	if (limitFileSize([process.pid], "unlimited")) return limited(path);
	return { kind: "none", path, fill() {}, free() {}, remove() {} };
}

function tmpfs(path: string): Disk {
	let isMounted = true;
	const remove = () => {
		if (!isMounted) return;
		isMounted = false;
		// Lazily: what was just killed may hold a file for another moment.
		succeeds("umount", ["-l", path]);
	};
	process.once("exit", remove);
	return {
		kind: "tmpfs",
		path,
		fill() {
			try {
				for (;;) writeFileSync(join(path, FILLER), CHUNK, { flag: "a" });
			} catch (error) {
				if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
			}
		},
		free: () => rmSync(join(path, FILLER), { force: true }),
		remove() {
			remove();
			process.off("exit", remove);
		},
	};
}

function limited(path: string): Disk {
	return {
		kind: "file-size limit",
		path,
		fill(pids) {
			// What a file has already can be written over.
			const sizes = readdirSync(path, { recursive: true }).map((name) => statSync(join(path, `${name}`)).size);
			limitFileSize(pids, `${Math.max(...sizes, 1)}`);
		},
		free: (pids) => void limitFileSize(pids, "unlimited"),
		remove() {},
	};
}

/** Only the soft limit, which anybody may raise again. Whether that can be done. */
function limitFileSize(pids: readonly number[], bytes: string): boolean {
	return pids.every((pid) => succeeds("prlimit", ["--pid", `${pid}`, `--fsize=${bytes}:`]));
}

function succeeds(command: string, args: readonly string[]): boolean {
	return spawnSync(command, args).status === 0;
}
