import type { IqTable, Link } from "@antiphon/link";
import { BusError, Dispatcher, errorOf, isStanza, Jid, type Log, type StanzaError } from "@antiphon/protocol";
import type { Element } from "@antiphon/xml";
import { BACKLOG } from "../bounds/backlog.js";
import { FairShare } from "../bounds/fair-share.js";
import { Seldom } from "../bounds/seldom.js";
import { TurnedAway } from "../bounds/turned-away.js";
import type { Directory } from "./directory.js";
import { ModuleHost } from "./module-host.js";
import type { Incoming, NodeHost } from "./node-host.js";
import { PresenceListeners } from "./presence-listeners.js";

/** Stanzas that could not be handled of which the log tells in a second; then their number. Who sends them may send many. */
const FAILED_EVERY_MS = 1_000;
const FAILED_BURST = 10;

export interface StanzaServerOptions {
	readonly link: Link;
	readonly log: Log;
	readonly directory: Directory;
	readonly table: IqTable;
	readonly software: NodeHost["software"];
	readonly query: NodeHost["query"];
}

/** Where stanzas that arrive find their home: answers to the iq table, the rest to the module that registered for it. */
export class StanzaServer {
	readonly #link: Link;
	readonly #log: Log;
	readonly #table: IqTable;
	readonly #dispatcher = new Dispatcher<(incoming: Incoming) => void>();
	readonly #presence: PresenceListeners;
	readonly #share = new FairShare();
	readonly #failed = new Seldom(FAILED_EVERY_MS, FAILED_BURST);
	readonly modules: ModuleHost;
	readonly turnedAway: TurnedAway;

	constructor(options: StanzaServerOptions) {
		this.#link = options.link;
		this.#log = options.log;
		this.#table = options.table;
		this.#presence = new PresenceListeners(options.log);
		this.turnedAway = new TurnedAway(options.log);
		this.modules = new ModuleHost({
			...options,
			dispatcher: this.#dispatcher,
			presence: this.#presence,
			send: (answer, instead) => this.#send(answer, instead),
			affords: (from) => this.#affords(from),
		});
	}

	/** Takes whatever the link delivers. Never throws. */
	take(stanza: Element): void {
		try {
			if (isStanza(stanza)) this.#dispatch(stanza);
		} catch (error) {
			const message = `a stanza from ${stanza.attr("from")} could not be handled: ${BusError.from(error).message}`;
			this.#failed.say((more) => this.#log.error(`${message}${more}`));
		}
	}

	#dispatch(stanza: Element): void {
		const isIq = stanza.name === "iq";
		const type = stanza.attr("type");
		if (isIq && (type === "result" || type === "error")) {
			this.#table.settle(stanza);
			return;
		}
		if (isIq && this.#link.backlog > BACKLOG.everything) {
			this.turnedAway.drop(stanza.attr("from"));
			return;
		}
		if (stanza.name === "presence") this.#presence.tell(stanza);
		const malformed = isIq ? whatIsWrong(stanza, type) : undefined;
		const match = malformed === undefined ? this.#dispatcher.find(stanza) : undefined;
		// Messages and presence are nothing to answer, unless somebody asked for them.
		if (!isIq && match === undefined) return;
		const from = Jid.tryParse(stanza.attr("from"));
		const to = Jid.tryParse(stanza.attr("to"));
		// Without an address there is nobody to answer; a server always stamps both.
		if (from === undefined || to === undefined) return;
		if (match?.payload !== undefined) match.handler({ stanza, payload: match.payload, from, to });
		else if (this.#link.backlog > BACKLOG.queries) this.turnedAway.drop(from.toString());
		else if (this.#affords(from)) {
			this.#send(errorOf(stanza, malformed ?? { condition: "service-unavailable", type: "cancel" }));
		}
	}

	/** See {@link NodeHost.affords}. */
	#affords(from: Jid): boolean {
		if (this.#link.backlog <= BACKLOG.cheap) return true;
		if (this.#share.take(from.bare().toString(), performance.now())) return true;
		this.turnedAway.drop(from.toString());
		return false;
	}

	/** See {@link NodeHost.send}. */
	#send(answer: Element, instead?: (error: BusError) => Element): void {
		try {
			this.#link.send(answer);
		} catch (thrown) {
			const error = BusError.from(thrown);
			const other = error.code === "link-lost" ? undefined : instead;
			this.turnedAway.unsent(answer, error, other !== undefined);
			if (other !== undefined) this.#send(other(error));
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
