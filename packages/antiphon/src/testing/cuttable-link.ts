import type { Link, LinkEvents, LinkState, MemoryBus } from "@antiphon/link";
import { BusError } from "@antiphon/protocol";
import type { Element } from "@antiphon/xml";

/** A client's link on a memory bus that is cut and comes back when the test says so, with another resource each time. */
export class CuttableLink implements Link {
	readonly kind = "memory";
	readonly backlog = 0;
	readonly maxStanzaBytes = 65_536;
	readonly ownedDomain = undefined;
	state: LinkState = { state: "idle" };
	readonly #bus: MemoryBus;
	readonly #account: string;
	#events: LinkEvents | undefined;
	#inner: Link | undefined;

	constructor(bus: MemoryBus, account: string) {
		this.#bus = bus;
		this.#account = account;
	}

	async open(events: LinkEvents): Promise<void> {
		this.#events = events;
		await this.mend();
	}

	async mend(): Promise<void> {
		const inner = this.#bus.link(this.#account);
		this.#inner = inner;
		const onState = (state: LinkState) => {
			if (this.#inner === inner && state.state === "online") this.#become(state);
		};
		await inner.open({ onStanza: (stanza) => this.#events?.onStanza(stanza), onState }, { timeoutMs: 1_000 });
	}

	/** What is on its way is lost. */
	cut(): void {
		const inner = this.#inner;
		this.#inner = undefined;
		inner?.destroy();
		this.#become({ state: "waiting", attempt: 1, retryInMs: 100, cause: new BusError("link-lost", "it was cut") });
	}

	send(stanza: Element): void {
		if (this.#inner === undefined) throw new BusError("link-lost", "the link is cut", { executed: "no" });
		this.#inner.send(stanza);
	}

	async close(): Promise<void> {
		this.destroy();
	}

	destroy(cause?: BusError): void {
		if (this.state.state === "closed") return;
		const inner = this.#inner;
		this.#inner = undefined;
		inner?.destroy();
		this.#become(cause === undefined ? { state: "closed" } : { state: "closed", cause });
	}

	#become(state: LinkState): void {
		this.state = state;
		this.#events?.onState(state);
	}
}
