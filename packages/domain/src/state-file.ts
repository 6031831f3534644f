import { open, readFile, rename } from "node:fs/promises";
import { BusError, type Log, quietLog } from "@antiphon/protocol";
import { checkedOwners, type KnownNames } from "./policy/names.js";

/** What a domain remembers over a restart. Registrations are not among it: providers bring them back by themselves. */
export interface DomainState extends KnownNames {
	/** Bare JIDs by the local part of the address that they have subscribed to; the domain's own is empty. */
	readonly subscribers: Readonly<Record<string, readonly string[]>>;
	/** Full JIDs of nodes that had something registered. */
	readonly nodes?: readonly string[];
	/** Full JIDs of nodes that were told of changes. */
	readonly callers?: readonly string[];
}

const NOTHING: DomainState = { owners: {}, subscribers: {} };
const FORMAT = 1;
/** Changes of this long are written together, in milliseconds: what a crash may lose. */
const GATHER_MS = 200;
/** How long after it could not be written it is tried again, in milliseconds. */
const RETRY_MS = 10_000;

/**
 * A JSON file that always holds a whole state: written beside it, flushed, and put in its place. What could not be written
 * is written later: it counts as stored only when it is.
 */
export class StateFile {
	readonly #path: string;
	readonly #log: Log;
	/** `undefined` as long as the file is not this host's to write. */
	#current: (() => DomainState) | undefined;
	/** Whether there is something that the file does not hold. */
	#isDirty = false;
	/** Whether the last attempt to write it failed. */
	#isFailing = false;
	#isClosed = false;
	#timer: { readonly id: NodeJS.Timeout; readonly atMs: number } | undefined;
	#writing: Promise<void> = Promise.resolve();

	constructor(path: string, log: Log) {
		this.#path = path;
		this.#log = log;
	}

	/** @returns nothing yet for a file that is not there. @throws BusError `invalid-argument` for one that cannot be read */
	async load(): Promise<DomainState> {
		let text: string;
		try {
			text = await readFile(this.#path, "utf8");
		} catch (error) {
			if ((error as NodeJS.ErrnoException).code === "ENOENT") return NOTHING;
			throw this.#unreadable((error as Error).message, error);
		}
		try {
			const stored: unknown = JSON.parse(text);
			if (typeof stored !== "object" || stored === null) throw new Error("it holds no state of a domain");
			const { format, owners, lastUsed, subscribers, nodes, callers } = stored as Partial<DomainState> & {
				readonly format?: number;
			};
			if (format !== FORMAT) throw new Error(`its format is ${format}, not ${FORMAT}`);
			if (!isRecord(owners, isText) || !isRecord(subscribers, (each) => Array.isArray(each) && each.every(isText))) {
				throw new Error("owners or subscribers are malformed");
			}
			// Files of before these were known have none, and whoever writes an owner in need not write them.
			if (lastUsed !== undefined && !isRecord(lastUsed, isDay)) {
				throw new Error("lastUsed has to hold days such as 2026-11-21");
			}
			for (const [name, list] of Object.entries({ nodes, callers })) {
				if (list !== undefined && !(Array.isArray(list) && list.every(isText))) throw new Error(`${name} is malformed`);
			}
			const more = { ...(lastUsed && { lastUsed }), ...(nodes && { nodes }), ...(callers && { callers }) };
			return { subscribers, ...more, owners: checkedOwners(owners as Record<string, string>) } as DomainState;
		} catch (error) {
			throw this.#unreadable((error as Error).message, error);
		}
	}

	/**
	 * From now on changes are written, and those of before: until somebody is known to be the only host of its domain, the
	 * file may be another one's.
	 * @param current gives what is to be stored, at the time when it is
	 */
	keep(current: () => DomainState): void {
		this.#current = current;
		if (this.#isDirty) this.#writeWithin(GATHER_MS);
	}

	/** Something has changed: it will be written within this time, in milliseconds, with what has changed until then. */
	changed(withinMs = GATHER_MS): void {
		this.#isDirty = true;
		// What cannot be written is not tried more often because there is more of it.
		if (!this.#isFailing) this.#writeWithin(withinMs);
	}

	/** Writes what has not been written. Never rejects. */
	flush(): Promise<void> {
		clearTimeout(this.#timer?.id);
		this.#timer = undefined;
		this.#writing = this.#writing.then(() => this.#write());
		return this.#writing;
	}

	/** The same for the last time. */
	async close(): Promise<void> {
		this.#isClosed = true;
		await this.flush();
		if (this.#isDirty && this.#current !== undefined)
			this.#log.error(`${this.#path} lacks what has changed since it was written: that is lost now`);
	}

	#writeWithin(ms: number): void {
		const atMs = performance.now() + ms;
		if (this.#isClosed || this.#current === undefined || (this.#timer !== undefined && this.#timer.atMs <= atMs))
			return;
		clearTimeout(this.#timer?.id);
		this.#timer = { id: setTimeout(() => void this.flush(), ms), atMs };
	}

	async #write(): Promise<void> {
		if (!this.#isDirty || this.#current === undefined) return;
		// Before it is read: what changes while it is written has to be written again.
		this.#isDirty = false;
		try {
			await this.#replace(`${JSON.stringify({ format: FORMAT, ...this.#current() }, null, "\t")}\n`);
			if (this.#isFailing) this.#log.info(`${this.#path} is written again`);
			this.#isFailing = false;
		} catch (error) {
			this.#isDirty = true;
			if (!this.#isFailing) {
				const wait = `trying again every ${RETRY_MS / 1_000} s. If the host ends before that succeeds, owners of new names are lost`;
				this.#log.error(`${this.#path} could not be written, and is as it was: ${(error as Error).message}; ${wait}`);
			}
			this.#isFailing = true;
		}
		if (this.#isDirty) this.#writeWithin(this.#isFailing ? RETRY_MS : GATHER_MS);
	}

	async #replace(text: string): Promise<void> {
		const beside = `${this.#path}.new`;
		const file = await open(beside, "w", 0o600);
		try {
			await file.writeFile(text);
			await file.datasync();
		} finally {
			await file.close();
		}
		await rename(beside, this.#path);
	}

	#unreadable(why: string, cause: unknown): BusError {
		const message = `${this.#path} cannot be read: ${why}. Mend it, or take it away: owners of names and subscriptions are then forgotten`;
		return new BusError("invalid-argument", message, { cause });
	}
}

/** Whether a host could start with this file, or without one there. @throws BusError `invalid-argument` */
export async function checkStateFile(path: string): Promise<void> {
	await new StateFile(path, quietLog).load();
}

const isText = (value: unknown) => typeof value === "string";
const isDay = (value: unknown) =>
	isText(value) && /^\d{4}-\d\d-\d\d$/.test(value as string) && !Number.isNaN(Date.parse(value as string));

function isRecord(value: unknown, holds: (member: unknown) => boolean): boolean {
	return typeof value === "object" && value !== null && !Array.isArray(value) && Object.values(value).every(holds);
}
