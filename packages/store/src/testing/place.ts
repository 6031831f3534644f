import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { Processes } from "../owner.js";

/** A folder for one test. In memory, where there is such a file system: nobody waits for a disk that is busy. */
export function place(): string {
	const folder = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "antiphon-store-"));
	onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
	return folder;
}

/** A machine on which nobody lives who has had a journal before. */
export const AFTERWARDS: Processes = {
	self: { pid: 1, bootId: "another", startedAt: "1" },
	isAlive: () => false,
};
