import { type BusError, type Encoding, encodeFault, errorOf, parseEncoding, resultOf } from "@antiphon/protocol";
import type { Element } from "@antiphon/xml";
import type { Outcome } from "./call-outcome.js";
import { tooLargeReply } from "./handler-error.js";

/** The answer to an `iq` with a `<call/>`: the one place where an outcome becomes a stanza. */
export function answerOf(request: Element, outcome: Outcome): Element {
	if ("reply" in outcome) return resultOf(request, outcome.reply);
	return errorOf(request, encodeFault(outcome.error, encodingOf(request.child())));
}

/** What to answer when {@link answerOf} is more than a stanza can hold. */
export function tooLargeAnswerOf(request: Element, error: BusError): Element {
	return answerOf(request, { error: tooLargeReply(error) });
}

/** A caller can read what it wrote itself; JSON where it did not say what that is. */
function encodingOf(call: Element | undefined): Encoding {
	try {
		return parseEncoding(call?.attr("enc"));
	} catch {
		return "json";
	}
}
