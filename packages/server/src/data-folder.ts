import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { open, rename } from "node:fs/promises";
import { join } from "node:path";
import type { Log } from "@antiphon/protocol";
import { makeFolder } from "./make-folder.js";
import type { OfflineMessages } from "./peers/offline-messages.js";
import type { Roster, RosterItem } from "./peers/roster.js";
import type { Subscription } from "./peers/subscription.js";

/** What is kept of an account. Passwords are not. */
export interface StoredAccount {
	readonly roster: readonly RosterItem[];
	/** Messages for the offline account, serialized, the oldest first. */
	readonly offline: readonly string[];
}

interface LiveAccount {
	readonly roster: Roster;
	readonly offline: OfflineMessages;
}

const VERSION = 1;

/** How long changes are gathered before they are written. */
const GATHER_MS = 200;

/**
 * One JSON file for each account. A file is written beside the old one, flushed, and renamed over it, so that a crash
 * leaves the old or the new one.
 *
 * Changes are gathered for `gatherMs`, then each account that changed is written once; what changes during that is
 * gathered for the next time. So a file is written at most once in `gatherMs`, however often it changes. A crash loses
 * the changes of the last `gatherMs` and of the time that one round of writing takes; {@link flush} loses nothing.
 */
export class DataFolder {
	readonly #folder: string;
	readonly #log: Log;
	readonly #dirty = new Map<string, () => LiveAccount>();
	/** What could not be written: tried again with its next change, and at the end. */
	readonly #failed = new Map<string, () => LiveAccount>();
	/** A round: gathering, then writing. */
	#round: Promise<void> | undefined;
	/** Ends the gathering of this round; does nothing while it writes. */
	#endGathering: () => void = () => {};
	readonly #gatherMs: number;

	/** @throws Error when the folder cannot be made */
	constructor(folder: string, log: Log, gatherMs = GATHER_MS) {
		this.#folder = folder;
		this.#log = log;
		this.#gatherMs = gatherMs;
		makeFolder(folder);
	}

	/** @throws Error that names the file when it is damaged: nothing is overwritten then */
	read(local: string): StoredAccount | undefined {
		const path = this.#path(local);
		let text: string;
		try {
			text = readFileSync(path, "utf8");
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
			throw error;
		}
		try {
			return decode(JSON.parse(text), local);
		} catch (error) {
			const problem = error instanceof Error ? error.message : String(error);
			throw new Error(`${path} is damaged: ${problem}. Move it away to begin with an empty roster`, { cause: error });
		}
	}

	/** Remembers to write an account. */
	changed(local: string, live: () => LiveAccount): void {
		this.#dirty.set(local, live);
		this.#round ??= this.#runRound();
	}

	/** Resolves when everything that changed is on disk, or has been reported in the log. */
	async flush(): Promise<void> {
		await this.#finishRounds();
		for (const [local, live] of this.#failed) this.changed(local, live);
		await this.#finishRounds();
	}

	async #finishRounds(): Promise<void> {
		while (this.#round !== undefined) {
			this.#endGathering();
			await this.#round;
		}
	}

	async #runRound(): Promise<void> {
		await new Promise<void>((resolve) => {
			const timer = setTimeout(resolve, this.#gatherMs);
			this.#endGathering = () => {
				clearTimeout(timer);
				resolve();
			};
		});
		const gathered = [...this.#dirty];
		this.#dirty.clear();
		for (const [local, live] of gathered) await this.#write(local, live);
		this.#round = this.#dirty.size > 0 ? this.#runRound() : undefined;
	}

	async #write(local: string, live: () => LiveAccount): Promise<void> {
		this.#failed.delete(local);
		const { roster, offline } = live();
		const stored = { version: VERSION, account: local, roster: [...roster.all()], offline: offline.texts };
		const path = this.#path(local);
		try {
			await replaceFile(path, `${JSON.stringify(stored, undefined, "\t")}\n`);
		} catch (error) {
			this.#failed.set(local, live);
			this.#log.error(
				`cannot write ${path}: ${String(error)}. Free space or rights; it is tried again when the server closes`,
			);
		}
	}

	#path(local: string): string {
		const plain = /^[a-z0-9_-][a-z0-9_.-]{0,63}$/.test(local);
		return join(this.#folder, `${plain ? local : `x-${createHash("sha256").update(local).digest("hex")}`}.json`);
	}
}

async function replaceFile(path: string, text: string): Promise<void> {
	const file = await open(`${path}.new`, "w", 0o600);
	try {
		await file.writeFile(text);
		await file.sync();
	} finally {
		await file.close();
	}
	await rename(`${path}.new`, path);
}

const SUBSCRIPTIONS: readonly Subscription[] = ["none", "to", "from", "both"];

function decode(value: unknown, local: string): StoredAccount {
	const stored = recordOf(value);
	if (stored["version"] !== VERSION) throw new Error(`version ${String(stored["version"])} is not ${VERSION}`);
	if (stored["account"] !== local) throw new Error("it belongs to another account");
	return { roster: listOf(stored["roster"]).map(decodeItem), offline: listOf(stored["offline"]).map(stringOf) };
}

function decodeItem(value: unknown): RosterItem {
	const item = recordOf(value);
	const subscription = SUBSCRIPTIONS.find((known) => known === item["subscription"]);
	if (subscription === undefined) throw new Error("a roster item has no subscription");
	return {
		jid: stringOf(item["jid"]),
		name: item["name"] === undefined ? undefined : stringOf(item["name"]),
		groups: listOf(item["groups"]).map(stringOf),
		subscription,
		ask: item["ask"] === true,
		request: item["request"] === undefined ? undefined : stringOf(item["request"]),
		listed: item["listed"] === true,
	};
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
	if (typeof value !== "object" || value === null || Array.isArray(value)) throw new Error("an object is missing");
	return value as Readonly<Record<string, unknown>>;
}

function listOf(value: unknown): readonly unknown[] {
	if (!Array.isArray(value)) throw new Error("a list is missing");
	return value;
}

function stringOf(value: unknown): string {
	if (typeof value !== "string") throw new Error("a string is missing");
	return value;
}
