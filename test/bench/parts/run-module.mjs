import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const ROOT = new URL("../../../", import.meta.url);
const LIMIT_MS = 300_000;

/** Runs a benchmark of a package in a process of its own. @returns its standard output @throws Error that names it */
export async function runModule(path, args = [], nodeArgs = [], limitMs = LIMIT_MS) {
	try {
		const command = [...nodeArgs, fileURLToPath(new URL(path, ROOT)), ...args];
		const { stdout } = await promisify(execFile)(process.execPath, command, { timeout: limitMs });
		return stdout;
	} catch (error) {
		throw new Error(`${path} failed: ${error.stderr || error.message}`, { cause: error });
	}
}
