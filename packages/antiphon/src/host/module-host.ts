import type { IqTable, Link } from "@antiphon/link";
import { BusError, type Dispatcher, type Jid, type Log, Scope } from "@antiphon/protocol";
import { Seldom } from "../bounds/seldom.js";
import { Turns } from "../bounds/turns.js";
import type { Directory } from "./directory.js";
import type { Incoming, NodeHost, NodeModule } from "./node-host.js";
import type { PresenceListeners } from "./presence-listeners.js";

/** How often the log says who asks for too much: whoever does can do it often. */
const CROWDED_EVERY_MS = 10_000;

/** What the host hands on to modules. */
export interface ModuleWorld extends Pick<NodeHost, "software" | "query" | "send" | "affords"> {
	readonly link: Link;
	readonly log: Log;
	readonly directory: Directory;
	readonly table: IqTable;
	readonly dispatcher: Dispatcher<(incoming: Incoming) => void>;
	readonly presence: PresenceListeners;
}

/** The modules of a node: gives each the one way to reach the node, and undoes what they registered. */
export class ModuleHost implements Disposable {
	readonly #log: Log;
	readonly #dispatcher: ModuleWorld["dispatcher"];
	readonly #registered = new Scope();
	readonly #features = new Set<string>();
	readonly #online = new Set<() => void>();
	#turns: Turns | undefined;
	readonly #crowded = new Seldom(CROWDED_EVERY_MS);
	/** What modules see of the node. */
	readonly host: NodeHost;

	constructor({ link, log, directory, table, dispatcher, presence, ...given }: ModuleWorld) {
		this.#log = log;
		this.#dispatcher = dispatcher;
		const features = this.#features;
		this.host = {
			...given,
			directory,
			log,
			get backlog() {
				return link.backlog;
			},
			get maxStanzaBytes() {
				return link.maxStanzaBytes;
			},
			get ownedDomain() {
				return link.ownedDomain;
			},
			get features() {
				return [...features];
			},
			feature: (ns) => {
				features.add(ns);
				this.#registered.defer(() => features.delete(ns));
			},
			handle: (kind, payload, handler) => this.#registered.defer(dispatcher.add({ kind, payload, handler })),
			onPresence: (type, handler) => this.#registered.defer(presence.add(type, handler)),
			onOnline: (listener) => {
				this.#online.add(listener);
				this.#registered.defer(() => this.#online.delete(listener));
			},
			takeTurns: (laneOf) => {
				this.#turns ??= new Turns({ now: () => performance.now(), laneOf });
			},
			inTurn: (from, work, refuse) => {
				if (this.#turns === undefined) return work();
				const refused = () => {
					this.#sayCrowded(from);
					this.#guard(refuse);
				};
				this.#turns.take({ who: from, work: () => this.#guard(work), refuse: refused });
			},
			ask: (request) => table.request(request),
			now: () => performance.now(),
			every: (periodMs, action) => {
				const timer = setInterval(() => this.#guard(action), periodMs);
				this.#registered.defer(() => clearInterval(timer));
			},
		};
	}

	/** Undoes what the modules registered. */
	[Symbol.dispose](): void {
		this.#registered[Symbol.dispose]();
		this.#turns?.clear();
	}

	/** What every node answers, unless another module does so already. */
	addBuiltIn(modules: readonly NodeModule[]): void {
		const handle: NodeHost["handle"] = (kind, payload, handler) => {
			if (!this.#dispatcher.has(kind, payload)) this.host.handle(kind, payload, handler);
		};
		const host = Object.create(this.host, { handle: { value: handle } }) as NodeHost;
		for (const register of modules) register(host);
	}

	/** The link has come online. */
	online(): void {
		for (const listener of [...this.#online]) this.#guard(listener);
	}

	#sayCrowded(from: Jid): void {
		const what = "If that is a flood, keep it out: by policy, or by the rate limit of its XMPP server";
		this.#crowded.say((more) =>
			this.#log.warn(`${from.bare()} asks for more than can be answered in turn: a request is refused${more}. ${what}`),
		);
	}

	/** What a module does on its own must not end the process. */
	#guard(action: () => void): void {
		try {
			action();
		} catch (error) {
			this.#log.error(`a module of the node failed: ${BusError.from(error).message}`);
		}
	}
}
