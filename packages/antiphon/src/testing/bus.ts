import { type Link, type LinkEvents, type LinkState, type MemoryBus, memoryBus } from "@antiphon/link";
import { BusError, iq, Jid, type Log } from "@antiphon/protocol";
import { type Element, serialize } from "@antiphon/xml";
import { onTestFinished } from "vitest";
import { z } from "zod";
import {
	createNode,
	get,
	type Handlers,
	type Node,
	type NodeOptions,
	type ServeOptions,
	service,
	set,
} from "../index.js";

export const DOMAIN = "fn.example.org";

/** A small service with a bit of everything. */
export const probe = service("probe", "1.2.0", {
	echo: get({
		summary: "Gives back what it got",
		input: z.object({ word: z.string().min(1) }),
		output: z.object({ text: z.string() }),
		faults: { unknown: z.object({ near: z.array(z.string()) }) },
	}),
	learn: set({ input: z.object({ word: z.string() }) }),
});
export type ProbeHandlers = Handlers<typeof probe.functions>;

export const echoing: ProbeHandlers = {
	echo: ({ word }) => ({ text: word }),
	learn: () => {},
};

/** Keeps what was logged, a line each, with its level in front. */
export function keepingLog(): Log & { readonly lines: string[] } {
	const lines: string[] = [];
	const at = (level: string) => (message: string) => void lines.push(`${level} ${message}`);
	return { lines, debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** Lets everything happen that is ready to. */
export const turn = (turns = 1): Promise<void> =>
	new Promise((resolve) => setImmediate(() => (turns > 1 ? resolve(turn(turns - 1)) : resolve())));

export async function join(bus: MemoryBus, jid: string, options: Omit<NodeOptions, "link"> = {}): Promise<Node> {
	const node = await createNode({ link: bus.link(jid), ...options });
	onTestFinished(() => node.close());
	return node;
}

export interface World {
	readonly bus: MemoryBus;
	readonly provider: Node;
	readonly caller: Node;
	readonly log: ReturnType<typeof keepingLog>;
}

/** A bus with a provider of `probe` in its own domain, and a caller. */
export async function world(
	handlers: Partial<ProbeHandlers> = {},
	options: { serve?: ServeOptions; provider?: Omit<NodeOptions, "link">; caller?: Omit<NodeOptions, "link"> } = {},
): Promise<World> {
	const bus = memoryBus();
	const log = keepingLog();
	const provider = await join(bus, DOMAIN, { log, ...options.provider });
	await provider.serve(probe, { ...echoing, ...handlers }, { domain: DOMAIN, instance: "one", ...options.serve });
	const caller = await join(bus, "caller@example.org/x", options.caller);
	// What its clients have to find out first they now know, so that a call is on its way in the turn in which it is made.
	await caller.client(probe, { domain: DOMAIN }).$waitFor();
	return { bus, provider, caller, log };
}

/** A bare link that sends hand-made stanzas and keeps what it gets. */
export async function rawLink(bus: MemoryBus, jid: string) {
	const link = bus.link(jid);
	onTestFinished(() => link.destroy());
	const stanzas: Element[] = [];
	const wanted: (() => void)[] = [];
	await link.open(
		{
			onState() {},
			onStanza: (stanza) => {
				stanzas.push(stanza);
				for (const look of [...wanted]) look();
			},
		},
		{ timeoutMs: 1_000 },
	);
	let count = 0;
	return {
		link,
		stanzas,
		/** Asks, and gives the stanza that comes back with the same id. */
		ask: (type: "get" | "set", to: string, payload: Element): Promise<Element> =>
			new Promise((resolve) => {
				const id = `raw-${count++}`;
				const look = () => {
					const answer = stanzas.find((stanza) => stanza.attr("id") === id);
					if (answer === undefined) return;
					wanted.splice(wanted.indexOf(look), 1);
					resolve(answer);
				};
				wanted.push(look);
				link.send(iq(type, { to, id }, payload));
			}),
	};
}

/** A link that does as the test says. */
export class FakeLink implements Link {
	readonly kind = "client";
	readonly maxStanzaBytes = 65_536;
	readonly ownedDomain = undefined;
	readonly sent: Element[] = [];
	/** What fits into a buffer that nobody empties. */
	maxBufferedBytes = Number.POSITIVE_INFINITY;
	bufferedBytes = 0;
	state: LinkState = { state: "idle" };
	#events: LinkEvents | undefined;

	async open(events: LinkEvents): Promise<void> {
		this.#events = events;
		this.become({ state: "online", jid: Jid.parse("fake@example.org/x") });
	}

	become(state: LinkState): void {
		this.state = state;
		this.#events?.onState(state);
	}

	receive(stanza: Element): void {
		this.#events?.onStanza(stanza);
	}

	get backlog(): number {
		return this.bufferedBytes / this.maxBufferedBytes;
	}

	send(stanza: Element): void {
		const bytes = Buffer.byteLength(serialize(stanza));
		if (this.bufferedBytes + bytes > this.maxBufferedBytes) throw new BusError("overloaded", "the buffer is full");
		this.bufferedBytes += bytes;
		this.sent.push(stanza);
	}

	async close(): Promise<void> {
		this.destroy();
	}

	destroy(): void {
		if (this.state.state !== "closed") this.become({ state: "closed" });
	}
}

/** Keeps a fake-linked node for the clean-up. */
export async function fakeNode(link: FakeLink, options: Omit<NodeOptions, "link"> = {}): Promise<Node> {
	const node = await createNode({ link, ...options });
	onTestFinished(() => node.close());
	return node;
}

/** What a promise was rejected with. */
export const failureOf = (promise: Promise<unknown>): Promise<Record<string, unknown>> =>
	promise.then(
		() => {
			throw new Error("it did not fail");
		},
		(error) => error,
	);

/** A promise and its handles. */
export function gate<T = void>() {
	let open!: (value: T) => void;
	const opened = new Promise<T>((resolve) => {
		open = resolve;
	});
	return { open, opened };
}
