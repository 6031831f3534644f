import type { IqTable, Link } from "@antiphon/link";
import {
	BusError,
	Dispatcher,
	encodeFault,
	errorOf,
	isStanza,
	Jid,
	type Log,
	NS,
	resultOf,
	type StanzaError,
} from "@antiphon/protocol";
import type { Element } from "@antiphon/xml";
import { answerOf, tooLargeAnswerOf } from "./call-iq.js";
import type { CallServer } from "./call-server.js";
import { CANCEL } from "./cancel.js";
import type { Directory } from "./directory.js";
import type { Incoming, IncomingHandler, NodeHost } from "./node-host.js";

export interface StanzaServerOptions {
	readonly link: Link;
	readonly log: Log;
	readonly directory: Directory;
	readonly table: IqTable;
	readonly software: NodeHost["software"];
}

type Answer = (incoming: Incoming) => void;

/** Where stanzas that arrive find their home: answers to the iq table, requests to the handler that registered for them. */
export class StanzaServer {
	readonly #options: StanzaServerOptions;
	readonly #dispatcher = new Dispatcher<Answer>();
	readonly #features = new Set<string>();
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
			feature: (ns) => void features.add(ns),
			route: (kind, ns, name, handler) => {
				this.#dispatcher.add({ kind, payload: { ns, name }, handler: (incoming) => this.#answer(incoming, handler) });
			},
		};
	}

	serveCalls(calls: CallServer): void {
		const handler: Answer = (incoming) => {
			const { stanza, payload, from, to } = incoming;
			const kind = stanza.attr("type") === "get" ? "get" : "set";
			calls.take({ from, to, callId: stanza.attr("id") ?? "", kind, payload }, (outcome) => {
				this.#send(answerOf(stanza, outcome), (error) => tooLargeAnswerOf(stanza, error));
			});
		};
		for (const kind of ["iq-get", "iq-set"] as const) {
			this.#dispatcher.add({ kind, payload: { ns: NS.rpc, name: "call" }, handler });
		}
		this.#dispatcher.add({
			kind: "message",
			payload: CANCEL,
			handler: ({ from, payload }) => calls.cancel(from, payload.attr("id") ?? ""),
		});
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

	#answer(incoming: Incoming, handler: IncomingHandler): void {
		const errorAnswer = (error: BusError) => errorOf(incoming.stanza, plain(error));
		const succeed = (payload: Element | undefined) => this.#send(resultOf(incoming.stanza, payload), errorAnswer);
		const fail = (thrown: unknown) => {
			const error = BusError.from(thrown);
			if (error.code === "internal") this.#options.log.error(`an iq could not be answered: ${error.message}`);
			this.#send(errorAnswer(error));
		};
		try {
			const payload = handler(incoming);
			if (payload instanceof Promise) payload.then(succeed, fail);
			else succeed(payload);
		} catch (error) {
			fail(error);
		}
	}

	/**
	 * Sends an answer.
	 * @param instead what to send if the answer is too large: whoever asked must not wait for nothing
	 */
	#send(answer: Element, instead?: (error: BusError) => Element): void {
		const { link, log } = this.#options;
		try {
			link.send(answer);
		} catch (thrown) {
			const error = BusError.from(thrown);
			// That the link is down has been said already.
			const level = error.code === "link-lost" ? "debug" : "warn";
			log[level](`an answer to ${answer.attr("to")} could not be sent: ${error.message}`);
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

/** The error of an answer that has nothing to do with calls: without `<fault/>`. */
function plain(error: BusError): StanzaError {
	const { condition, type, text } = encodeFault(error, "json");
	return { condition, type, text };
}
