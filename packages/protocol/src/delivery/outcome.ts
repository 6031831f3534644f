import type { Element } from "@antiphon/xml";
import { executedIn } from "../call/fault.js";
import { BusError, type BusErrorCode, type Executed, isBusErrorCode } from "../errors.js";
import { isFaultName } from "../names.js";
import { carriedIn, requireEncoding } from "./carried.js";
import type { ListCode } from "./items.js";

/** What came of a call, as it travels and is kept: its output or data is not looked into. */
export interface Outcome {
	/** `<reply/>` or `<fault/>`: for `decodeReply` and `decodeFaultAlone`. */
	readonly element: Element;
	/** `undefined`: a reply. */
	readonly code: BusErrorCode | undefined;
	/** Of a declared fault. */
	readonly name: string | undefined;
	readonly executed: Executed;
}

/**
 * The outcome in an item.
 * @param notTheirs codes that are not believed of whoever says this
 * @throws BusError
 */
export function outcomeIn(item: Element, code: ListCode, notTheirs: ReadonlySet<BusErrorCode>): Outcome {
	const element = carriedIn(item, ["reply", "fault"], code);
	if (element.name === "reply") {
		requireEncoding(element, code);
		return { element, code: undefined, name: undefined, executed: "yes" };
	}
	const faultCode = element.attr("code") ?? "";
	if (!isBusErrorCode(faultCode) || notTheirs.has(faultCode)) {
		throw new BusError(code, "code of <fault/> must be one that an outcome can have");
	}
	const executed = executedIn(element);
	if (faultCode !== "fault") return { element, code: faultCode, name: undefined, executed };
	const name = element.attr("name");
	if (name === undefined || !isFaultName(name)) throw new BusError(code, "<fault/> must have the name of a fault");
	requireEncoding(element, code);
	return { element, code: faultCode, name, executed };
}
