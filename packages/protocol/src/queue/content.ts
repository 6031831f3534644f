import { type Element, xml } from "@antiphon/xml";
import { wordIn } from "../delivery/attributes.js";
import { carriedIn } from "../delivery/carried.js";
import { type ListCode, MAX_NUMBER } from "../delivery/items.js";
import { boundedNumber } from "../domain/attributes.js";
import { BusError } from "../errors.js";
import { NS } from "../namespaces.js";
import type { CallNumber } from "./orders.js";

/** What is in a call, or came of it. */
export const CALL_CONTENTS = ["input", "outcome"] as const;
export type CallContentName = (typeof CALL_CONTENTS)[number];

/** What an administrator looks at. */
export interface ContentRequest extends CallNumber {
	readonly of: CallContentName;
}

export interface CallContent extends ContentRequest {
	/** `<call/>` with the input, as its sender wrote it; `<reply/>` or `<fault/>` for the outcome. */
	readonly element: Element;
}

const ELEMENTS: Readonly<Record<CallContentName, readonly string[]>> = { input: ["call"], outcome: ["reply", "fault"] };

export function encodeContentRequest({ n, of }: ContentRequest): Element {
	return xml("content", NS.queue, { n: String(n), of });
}

/** @throws BusError `invalid-argument` */
export function decodeContentRequest(element: Element): ContentRequest {
	return requestIn(element, "invalid-argument");
}

export function encodeContent({ n, of, element }: CallContent): Element {
	return xml("content", NS.queue, { n: String(n), of }, element);
}

/** What is in it is not looked into. @throws BusError `protocol` */
export function decodeContent(answer: Element | undefined): CallContent {
	if (!answer?.is("content", NS.queue)) throw new BusError("protocol", "the answer is no <content/>");
	const request = requestIn(answer, "protocol");
	return { ...request, element: carriedIn(answer, ELEMENTS[request.of], "protocol") };
}

function requestIn(element: Element, code: ListCode): ContentRequest {
	const of = wordIn(element, "of", CALL_CONTENTS, code);
	return { n: boundedNumber(element, "n", 1, MAX_NUMBER, code), of };
}
