import { readFileSync, statSync } from "node:fs";
import { UsageError } from "../command-error.js";
import type { FileContent } from "./schema.js";

const KEYS = ["secret", "secretEnv", "secretFile"] as const;
const OTHERS_CAN_READ = 0o004;

export interface Secret {
	readonly secret: string;
	/** The file that it was read from. */
	readonly file: string;
}

/**
 * The component's secret, from where the config file says.
 * @param path makes a path of one that is relative to the config file
 * @throws UsageError
 */
export function readSecret(content: FileContent, file: string, path: (relative: string) => string): Secret | string {
	const given = KEYS.filter((key) => content[key] !== undefined);
	if (given.length !== 1) {
		const problem = given.length === 0 ? "the component's secret is missing" : `${given.join(" and ")} are too much`;
		throw new UsageError(`${file}: ${problem}: write one of secretFile, secretEnv and secret`);
	}
	if (content.secretEnv !== undefined) return fromEnvironment(content.secretEnv, file);
	if (content.secretFile !== undefined) return fromFile(path(content.secretFile), file);
	return { secret: content.secret as string, file };
}

function fromEnvironment(name: string, file: string): string {
	const secret = process.env[name];
	if (secret) return secret;
	throw new UsageError(`${file}: secretEnv: the environment has no ${name}: set it, or name another variable`);
}

function fromFile(path: string, file: string): Secret {
	try {
		const secret = readFileSync(path, "utf8").replace(/\r?\n$/, "");
		if (secret !== "" && !secret.includes("\n")) return { secret, file: path };
	} catch (error) {
		throw new UsageError(`${file}: secretFile: ${(error as Error).message}`);
	}
	throw new UsageError(`${file}: secretFile: ${path} has to hold one line, the secret`);
}

/** What to say about a secret that others on this machine can read. */
export function exposure(secret: Secret | string): string | undefined {
	if (typeof secret === "string" || process.platform === "win32") return undefined;
	if ((statSync(secret.file).mode & OTHERS_CAN_READ) === 0) return undefined;
	return `${secret.file} holds the component's secret, and everybody on this machine can read it: chmod o= ${secret.file}`;
}
