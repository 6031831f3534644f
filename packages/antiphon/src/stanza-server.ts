import type { IqTable, Link } from "@antiphon/link";
import { BusError, Dispatcher, errorOf, isStanza, Jid, type Log, Scope, type StanzaError } from "@antiphon/protocol";
import type { Element } from "@antiphon/xml";
import type { Directory } from "./directory.js";
import type { Incoming, NodeHost } from "./node-host.js";
import { Seldom } from "./seldom.js";

/** How often the log says that answers could not be sent. */
const UNSENT_EVERY_MS = 1_000;

export interface StanzaServerOptions {
	readonly link: Link;
	readonly log: Log;
	readonly directory: Directory;
	readonly table: IqTable;
	readonly software: NodeHost["software"];
}

/** Where stanzas that arrive find their home: answers to the iq table, the rest to the module that registered for it. */
export class StanzaServer implements Disposable {
	readonly #options: StanzaServerOptions;
	readonly #dispatcher = new Dispatcher<(incoming: Incoming) => void>();
	readonly #features = new Set<string>();
	readonly #registered = new Scope();
	readonly #unsent = new Seldom(UNSENT_EVERY_MS);
	/** What modules see of the node. */
	readonly host: NodeHost;

	constructor(options: StanzaServerOptions) {
		this.#options = options;
		const { link, directory, log, software } = options;
		const features = this.#features;
		this.host = {
			directory,
			log,
			software,
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
			send: (answer, instead) => this.#send(answer, instead),
		};
	}

	/** Undoes what the modules registered. */
	[Symbol.dispose](): void {
		this.#registered[Symbol.dispose]();
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

	#dispatch(stanza: Element): void {
		const isIq = stanza.name === "iq";
		const type = stanza.attr("type");
		if (isIq && (type === "result" || type === "error")) {
			this.#options.table.settle(stanza);
			return;
		}
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

	/** See {@link NodeHost.send}. */
	#send(answer: Element, instead?: (error: BusError) => Element): void {
		const { link, log } = this.#options;
		try {
			link.send(answer);
		} catch (thrown) {
			const error = BusError.from(thrown);
			// That the link is down has been said already.
			const level = error.code === "link-lost" ? "debug" : "warn";
			this.#unsent.say((more) =>
				log[level](`an answer to ${answer.attr("to")} could not be sent: ${error.message}${more}`),
			);
			if (error.code === "too-large" && instead !== undefined) this.#send(instead(error));
		}
	}
}

/** What RFC 6120, section 8.2.3, asks of an iq, if this one does not have it. */
function whatIsWrong(stanza: Element, type: string | undefined): StanzaError | undefined {
	const badRequest = (text: string): StanzaError => ({ condition: "bad-request", type: "modify", text });
	if (type !== "get" && type !== "set") return badRequest("an iq needs a type");
	if (stanza.attr("id") === undefined) return badRequest("an iq needs an id");
	return stanza.elements().length === 1 ? undefined : badRequest("an iq of type get or set needs exactly one child");
}
