import type { BusError } from "@antiphon/protocol";

/**
 * The end of a call that nobody waits for any more. Its AbortSignal is made when somebody asks for it, since it costs as
 * much as the rest of a short call.
 */
export class CallAbort {
	#reason: BusError | undefined;
	#controller: AbortController | undefined;

	/** `undefined` while somebody waits. */
	get reason(): BusError | undefined {
		return this.#reason;
	}

	get signal(): AbortSignal {
		if (this.#controller === undefined) {
			this.#controller = new AbortController();
			if (this.#reason !== undefined) this.#controller.abort(this.#reason);
		}
		return this.#controller.signal;
	}

	abort(reason: BusError): void {
		this.#reason ??= reason;
		this.#controller?.abort(this.#reason);
	}
}
