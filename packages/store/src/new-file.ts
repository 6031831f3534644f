import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, rmSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { openEnvironment } from "./environment.js";

/** It grows by itself. */
const SIZE = 1024 * 1024;

/** Makes the folder of a file, for this user only, so that it is there after a crash. */
export function makeFolder(file: string): void {
	const last = resolve(dirname(file));
	const first = mkdirSync(last, { recursive: true, mode: 0o700 });
	if (first === undefined) return;
	for (let folder = last; folder.length >= first.length; folder = dirname(folder)) flushFolder(dirname(folder));
}

/** Makes a file with nothing in it that is whole as soon as it has its name, and there after a crash. */
export async function makeFile(file: string): Promise<void> {
	const draft = `${file}-${process.pid}`;
	const remove = () => {
		for (const path of [draft, `${draft}-lock`]) rmSync(path, { force: true });
	};
	remove();
	try {
		await openEnvironment(draft, SIZE).root.close();
		linkSync(draft, file);
		flushFolder(dirname(file));
	} catch (error) {
		// Somebody else has made one.
		if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
	} finally {
		remove();
	}
}

/** Its list of files. On Windows there is no such thing, and no need. */
function flushFolder(folder: string): void {
	if (process.platform === "win32") return;
	const handle = openSync(folder, "r");
	try {
		fsyncSync(handle);
	} finally {
		closeSync(handle);
	}
}
