import type { LinkEvents } from "./link.js";

/** Who hears from a link. */
export class Listener {
	readonly #what: string;
	#events: LinkEvents | undefined;
	#complained = false;

	/** @param what the link is, in words */
	constructor(what: string) {
		this.#what = what;
	}

	/** From here on these are told. */
	listen(events: LinkEvents): void {
		this.#events = events;
	}

	/** A listener that throws breaks nothing. Node tells about the first time; saying it for each stanza would be a flood. */
	tell(what: (events: LinkEvents) => void): void {
		try {
			if (this.#events !== undefined) what(this.#events);
		} catch (error) {
			if (this.#complained) return;
			this.#complained = true;
			process.emitWarning(`a listener of ${this.#what} threw: ${inWords(error)}`);
		}
	}
}

/** Whatever was thrown, even if it cannot be read. */
function inWords(error: unknown): string {
	try {
		return error instanceof Error ? String(error.stack ?? error.message) : String(error);
	} catch {
		return "something that cannot be shown";
	}
}
