import type { Element, Skipped } from "@antiphon/xml";
import type { Link, LinkEvents, LinkState } from "../link.js";

/** Listens to a link and remembers. What is waited for is looked at again whenever something happens. */
export class Recorder implements LinkEvents {
	readonly states: LinkState[] = [];
	readonly stanzas: Element[] = [];
	readonly skipped: Skipped[] = [];
	#waiting: (() => void)[] = [];

	onStanza(stanza: Element): void {
		this.stanzas.push(stanza);
		this.#look();
	}

	onSkipped(skipped: Skipped): void {
		this.skipped.push(skipped);
		this.#look();
	}

	onState(state: LinkState): void {
		this.states.push(state);
		this.#look();
	}

	/** Resolves with what `find` returns once that is not `undefined`. The test's own time limit is the limit. */
	until<T>(find: () => T | undefined): Promise<T> {
		return new Promise((resolve) => {
			const look = () => {
				const found = find();
				if (found === undefined) this.#waiting.push(look);
				else resolve(found);
			};
			look();
		});
	}

	/** The nth time (1, 2, …) that the link was in this state. */
	state<S extends LinkState["state"]>(name: S, nth = 1): Promise<Extract<LinkState, { state: S }>> {
		return this.until(
			() => this.states.filter((state): state is Extract<LinkState, { state: S }> => state.state === name)[nth - 1],
		);
	}

	stanza(id: string): Promise<Element> {
		return this.until(() => this.stanzas.find((stanza) => stanza.attr("id") === id));
	}

	#look(): void {
		const waiting = this.#waiting;
		this.#waiting = [];
		for (const look of waiting) look();
	}
}

/** Opens a link with a recorder listening. */
export async function opened(link: Link, timeoutMs = 10_000): Promise<Recorder> {
	const recorder = new Recorder();
	await link.open(recorder, { timeoutMs });
	return recorder;
}
