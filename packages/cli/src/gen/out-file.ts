import { readFileSync, writeFileSync } from "node:fs";
import { UsageError } from "../command-error.js";
import { MARK } from "./contract-file.js";

/**
 * Refuses to write over a file that somebody else has written.
 * @throws UsageError
 */
export function requireOverwritable(path: string, isForced: boolean): void {
	let text: string;
	try {
		text = readFileSync(path, "utf8");
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
		throw new UsageError(`--out ${path} cannot be written over: ${(error as Error).message}`);
	}
	if (isForced || text === "" || text.startsWith(MARK)) return;
	throw new UsageError(`--out ${path} was not generated: take another name, or --force to write over it`);
}

/** @throws UsageError */
export function writeOut(path: string, text: string): void {
	try {
		writeFileSync(path, text);
	} catch (error) {
		throw new UsageError(`--out ${path} cannot be written: ${(error as Error).message}`);
	}
}
