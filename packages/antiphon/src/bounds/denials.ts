import { BusError, type Log } from "@antiphon/protocol";
import { Seldom } from "./seldom.js";

/** Refusals that are told of in a second; then their number. Whoever is refused must not be able to fill a log. */
const EVERY_MS = 1_000;
const BURST = 10;

/** What policy has refused: counted, and logged now and then. */
export class Denials {
	readonly #log: Log;
	readonly #said = new Seldom(EVERY_MS, BURST);
	#count = 0;

	constructor(log: Log) {
		this.#log = log;
	}

	get count(): number {
		return this.#count;
	}

	/** For what is not answered with an error: a subscription. */
	say(message: string): void {
		this.#count++;
		this.#said.say((more) => this.#log.warn(`refused: ${message}${more}`));
	}

	/** @throws BusError `forbidden`, always */
	deny(message: string): never {
		this.say(message);
		throw new BusError("forbidden", message);
	}
}
