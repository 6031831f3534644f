import { BusError, type Log } from "@antiphon/protocol";
import { Seldom } from "antiphon/modules";
import type { OnChange } from "../registry/registry.js";

/** How often the log says that a change could not be dealt with, in milliseconds. */
const FAILED_EVERY_MS = 1_000;

/** Who is told, in the order in which they came, that the instances of a service have changed. */
export class ChangeListeners {
	readonly #log: Log;
	readonly #listeners: OnChange[] = [];
	readonly #failed = new Seldom(FAILED_EVERY_MS);

	constructor(log: Log) {
		this.#log = log;
	}

	add(listener: OnChange): void {
		this.#listeners.push(listener);
	}

	/** Never throws: one that fails keeps neither the others from being told, nor whoever made the change from an answer. */
	tell(...[service, change]: Parameters<OnChange>): void {
		for (const listener of this.#listeners) {
			try {
				listener(service, change);
			} catch (error) {
				const { message } = BusError.from(error);
				this.#failed.say((more) =>
					this.#log.error(`a change of ${service} could not be dealt with: ${message}${more}`),
				);
			}
		}
	}
}
