import { mkdirSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";

/**
 * Makes a folder and those above it, as far as they are missing. Not with `recursive` of Node.js: where the system says
 * of a folder in one that is there that there is no such folder (in `/proc`), that goes on for ever.
 * @throws Error of the system, with the path
 */
export function makeFolder(path: string): void {
	try {
		mkdirSync(path);
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException;
		if (code === "EEXIST" && statSync(path).isDirectory()) return;
		const above = dirname(resolve(path));
		if (code !== "ENOENT" || isThere(above)) throw error;
		makeFolder(above);
		mkdirSync(path);
	}
}

const isThere = (path: string) => statSync(path, { throwIfNoEntry: false }) !== undefined;
