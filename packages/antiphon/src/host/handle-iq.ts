import { BusError, encodeFault, errorOf, resultOf, type StanzaError } from "@antiphon/protocol";
import type { Element } from "@antiphon/xml";
import { BACKLOG, tooMuchAsked, tooMuchToSend } from "../bounds/backlog.js";
import type { Incoming, NodeHost, PayloadName } from "./node-host.js";

/** Returns the payload of the result, or nothing for an empty one. Throws a BusError to answer with that error. */
export type IqHandler = (incoming: Incoming) => Element | undefined | Promise<Element | undefined>;

/** Answers an `iq` of type get that is no call: with resource-constraint, or not at all, while too much waits to be sent. */
export function handleGet(host: NodeHost, payload: PayloadName, handler: IqHandler): void {
	handleIq(host, "iq-get", payload, handler);
}

/** The same for an `iq` of type set. */
export function handleSet(host: NodeHost, payload: PayloadName, handler: IqHandler): void {
	handleIq(host, "iq-set", payload, handler);
}

function handleIq(host: NodeHost, kind: "iq-get" | "iq-set", payload: PayloadName, handler: IqHandler): void {
	host.handle(kind, payload, (incoming) => {
		const { stanza, from } = incoming;
		const errorAnswer = (error: BusError) => errorOf(stanza, plain(error));
		const unsent = (error: BusError) => errorAnswer(error.code === "overloaded" ? tooMuchToSend() : error);
		const succeed = (result: Element | undefined) => host.send(resultOf(stanza, result), unsent);
		const fail = (thrown: unknown) => {
			const error = BusError.from(thrown);
			if (error.code === "internal") host.log.error(`an iq could not be answered: ${error.message}`);
			host.send(errorAnswer(error));
		};
		const answer = () => {
			if (!host.affords(from)) return;
			try {
				if (host.backlog > BACKLOG.queries) throw tooMuchToSend();
				const result = handler(incoming);
				if (result instanceof Promise) result.then(succeed, fail);
				else succeed(result);
			} catch (error) {
				fail(error);
			}
		};
		host.inTurn(from, answer, () => {
			if (host.affords(from)) fail(tooMuchAsked());
		});
	});
}

/** The error of an answer that has nothing to do with calls: without `<fault/>`. */
function plain(error: BusError): StanzaError {
	const { condition, type, text } = encodeFault(error, "json");
	return { condition, type, text };
}
