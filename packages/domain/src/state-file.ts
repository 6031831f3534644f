import { open, readFile, rename } from "node:fs/promises";
import { BusError, type Log } from "@antiphon/protocol";

/** What a domain remembers over a restart. Registrations are not among it: they come back by themselves. */
export interface DomainState {
	/** Bare JIDs by service. */
	readonly owners: Readonly<Record<string, string>>;
	/** Bare JIDs by the local part of the address that they have subscribed to; the domain's own is empty. */
	readonly subscribers: Readonly<Record<string, readonly string[]>>;
}

const NOTHING: DomainState = { owners: {}, subscribers: {} };
const FORMAT = 1;
/** Changes of this long are written together, in milliseconds: what a crash may lose. */
const GATHER_MS = 200;

/** A JSON file that always holds a whole state: written beside it, flushed, and put in its place. */
export class StateFile {
	readonly #path: string;
	readonly #log: Log;
	#current: () => DomainState = () => NOTHING;
	#timer: NodeJS.Timeout | undefined;
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
			const { format, owners, subscribers } = JSON.parse(text) as Partial<DomainState> & { readonly format?: number };
			if (format !== FORMAT) throw new Error(`its format is ${format}, not ${FORMAT}`);
			if (!isRecord(owners, isText) || !isRecord(subscribers, (each) => Array.isArray(each) && each.every(isText))) {
				throw new Error("owners or subscribers are malformed");
			}
			return { owners, subscribers } as DomainState;
		} catch (error) {
			throw this.#unreadable((error as Error).message, error);
		}
	}

	/** @param current gives what is to be stored, at the time when it is */
	keep(current: () => DomainState): void {
		this.#current = current;
	}

	/** Something has changed: it will be written soon. */
	changed(): void {
		this.#timer ??= setTimeout(() => void this.flush(), GATHER_MS);
	}

	/** Writes what has not been written. Never rejects. */
	flush(): Promise<void> {
		if (this.#timer !== undefined) {
			clearTimeout(this.#timer);
			this.#timer = undefined;
			this.#writing = this.#writing.then(() => this.#write());
		}
		return this.#writing;
	}

	async #write(): Promise<void> {
		const beside = `${this.#path}.new`;
		try {
			const file = await open(beside, "w", 0o600);
			try {
				await file.writeFile(`${JSON.stringify({ format: FORMAT, ...this.#current() }, null, "\t")}\n`);
				await file.datasync();
			} finally {
				await file.close();
			}
			await rename(beside, this.#path);
		} catch (error) {
			this.#log.error(`${this.#path} could not be written, and is as it was: ${(error as Error).message}`);
		}
	}

	#unreadable(why: string, cause: unknown): BusError {
		const message = `${this.#path} cannot be read: ${why}. Mend it, or take it away: owners of names and subscriptions are then forgotten`;
		return new BusError("invalid-argument", message, { cause });
	}
}

const isText = (value: unknown) => typeof value === "string";

function isRecord(value: unknown, holds: (member: unknown) => boolean): boolean {
	return typeof value === "object" && value !== null && !Array.isArray(value) && Object.values(value).every(holds);
}
