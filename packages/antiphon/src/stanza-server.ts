import type { IqTable, Link } from "@antiphon/link";
import { BusError, Dispatcher, errorOf, isStanza, Jid, type Log, Scope, type StanzaError } from "@antiphon/protocol";
import type { Element, Skipped } from "@antiphon/xml";
import { BACKLOG } from "./backlog.js";
import type { Directory } from "./directory.js";
import type { Incoming, IncomingPresence, NodeHost, NodeModule } from "./node-host.js";
import { Seldom } from "./seldom.js";

/** How often the log says that answers could not be sent. */
const UNSENT_EVERY_MS = 1_000;
/** How often it says that stanzas were skipped: whoever sends them can send many. */
const SKIPPED_EVERY_MS = 10_000;

export interface StanzaServerOptions {
	readonly link: Link;
	readonly log: Log;
	readonly directory: Directory;
	readonly table: IqTable;
	readonly software: NodeHost["software"];
	readonly query: NodeHost["query"];
}

/** Where stanzas that arrive find their home: answers to the iq table, the rest to the module that registered for it. */
export class StanzaServer implements Disposable {
	readonly #options: StanzaServerOptions;
	readonly #dispatcher = new Dispatcher<(incoming: Incoming) => void>();
	readonly #features = new Set<string>();
	readonly #registered = new Scope();
	readonly #presence = new Map<string, Set<(incoming: IncomingPresence) => void>>();
	readonly #online = new Set<() => void>();
	readonly #unsent = new Seldom(UNSENT_EVERY_MS);
	#unanswered = 0;
	readonly #tooMuch = new Seldom(SKIPPED_EVERY_MS);
	#skipped = 0;
	/** What modules see of the node. */
	readonly host: NodeHost;

	constructor(options: StanzaServerOptions) {
		this.#options = options;
		const { link, directory, log, software, table, query } = options;
		const features = this.#features;
		this.host = {
			directory,
			log,
			software,
			get backlog() {
				return link.backlog;
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
			handle: (kind, payload, handler) => this.#registered.defer(this.#dispatcher.add({ kind, payload, handler })),
			onPresence: (type, handler) => this.#listen(this.#presenceOf(type), handler),
			onOnline: (listener) => this.#listen(this.#online, listener),
			query,
			ask: (request) => table.request(request),
			now: () => performance.now(),
			every: (periodMs, action) => {
				const timer = setInterval(() => this.#guard(action), periodMs);
				this.#registered.defer(() => clearInterval(timer));
			},
			send: (answer, instead) => this.#send(answer, instead),
		};
	}

	/** Requests that got no answer. */
	get unanswered(): number {
		return this.#unanswered;
	}

	/** Undoes what the modules registered. */
	[Symbol.dispose](): void {
		this.#registered[Symbol.dispose]();
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

	/** Takes whatever the link delivers. Never throws. */
	take(stanza: Element): void {
		try {
			if (isStanza(stanza)) this.#dispatch(stanza);
		} catch (error) {
			this.#options.log.error(
				`a stanza from ${stanza.attr("from")} could not be handled: ${BusError.from(error).message}`,
			);
		}
	}

	/** Stanzas since the start that the link skipped. */
	get skippedSoFar(): number {
		return this.#skipped;
	}

	/** Notes that the link skipped a stanza. */
	skipped({ head, limit, bytes }: Skipped): void {
		this.#skipped++;
		const from = head?.attr("from") ?? "somebody";
		this.#tooMuch.say((more) =>
			this.#options.log.warn(`a stanza of ${bytes} bytes from ${from} was skipped (${limit})${more}`),
		);
	}

	#dispatch(stanza: Element): void {
		const isIq = stanza.name === "iq";
		const type = stanza.attr("type");
		if (isIq && (type === "result" || type === "error")) {
			this.#options.table.settle(stanza);
			return;
		}
		if (isIq && this.#options.link.backlog > BACKLOG.everything) {
			this.#leaveUnanswered(
				"warn",
				`a request from ${stanza.attr("from")} was dropped: too much is waiting to be sent`,
			);
			return;
		}
		if (stanza.name === "presence") this.#tellPresence(stanza, type ?? "available");
		const malformed = isIq ? whatIsWrong(stanza, type) : undefined;
		const match = malformed === undefined ? this.#dispatcher.find(stanza) : undefined;
		// Messages and presence are nothing to answer, unless somebody asked for them.
		if (!isIq && match === undefined) return;
		const from = Jid.tryParse(stanza.attr("from"));
		const to = Jid.tryParse(stanza.attr("to"));
		// Without an address there is nobody to answer; a server always stamps both.
		if (from === undefined || to === undefined) return;
		if (match?.payload !== undefined) match.handler({ stanza, payload: match.payload, from, to });
		else this.#send(errorOf(stanza, malformed ?? { condition: "service-unavailable", type: "cancel" }));
	}

	#tellPresence(stanza: Element, type: string): void {
		const listeners = this.#presence.get(type);
		const from = Jid.tryParse(stanza.attr("from"));
		const to = Jid.tryParse(stanza.attr("to"));
		if (listeners === undefined || from === undefined || to === undefined) return;
		for (const listener of [...listeners]) listener({ stanza, from, to });
	}

	#presenceOf(type: string): Set<(incoming: IncomingPresence) => void> {
		const known = this.#presence.get(type);
		if (known !== undefined) return known;
		const listeners = new Set<(incoming: IncomingPresence) => void>();
		this.#presence.set(type, listeners);
		return listeners;
	}

	#listen<Listener>(listeners: Set<Listener>, listener: Listener): void {
		listeners.add(listener);
		this.#registered.defer(() => listeners.delete(listener));
	}

	/** What a module does on its own must not end the process. */
	#guard(action: () => void): void {
		try {
			action();
		} catch (error) {
			this.#options.log.error(`a module of the node failed: ${BusError.from(error).message}`);
		}
	}

	/** See {@link NodeHost.send}. */
	#send(answer: Element, instead?: (error: BusError) => Element): void {
		try {
			this.#options.link.send(answer);
		} catch (thrown) {
			const error = BusError.from(thrown);
			const told = `an answer to ${answer.attr("to")} could not be sent: ${error.message}`;
			const isDown = error.code === "link-lost";
			if (!isDown && instead !== undefined) {
				this.#say("warn", told);
				this.#send(instead(error));
			}
			// That the link is down has been said already.
			else this.#leaveUnanswered(isDown ? "debug" : "warn", told);
		}
	}

	#leaveUnanswered(level: "debug" | "warn", message: string): void {
		this.#unanswered++;
		this.#say(level, message);
	}

	/** Not for each: a peer must not be able to fill a log. */
	#say(level: "debug" | "warn", message: string): void {
		this.#unsent.say((more) => this.#options.log[level](`${message}${more}`));
	}
}

/** What RFC 6120, section 8.2.3, asks of an iq, if this one does not have it. */
function whatIsWrong(stanza: Element, type: string | undefined): StanzaError | undefined {
	const badRequest = (text: string): StanzaError => ({ condition: "bad-request", type: "modify", text });
	if (type !== "get" && type !== "set") return badRequest("an iq needs a type");
	if (stanza.attr("id") === undefined) return badRequest("an iq needs an id");
	return stanza.elements().length === 1 ? undefined : badRequest("an iq of type get or set needs exactly one child");
}
