import { BusError, type Log } from "@antiphon/protocol";
import { Seldom } from "antiphon/modules";

/** Refusals are told of this often, in milliseconds: whoever is refused must not be able to fill a log. */
const EVERY_MS = 1_000;

/** What policy has refused: counted, and logged now and then. */
export class Denials {
	readonly #log: Log;
	readonly #said = new Seldom(EVERY_MS);
	#count = 0;

	constructor(log: Log) {
		this.#log = log;
	}

	get count(): number {
		return this.#count;
	}

	/** @throws BusError `forbidden`, always */
	deny(message: string): never {
		this.note(message);
		throw new BusError("forbidden", message);
	}

	/** The same for what somebody else refuses. */
	note(message: string): void {
		this.#count++;
		this.#said.say((more) => this.#log.warn(`refused: ${message}${more}`));
	}
}
