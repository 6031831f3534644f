import { type AttributeValues, type Element, xml } from "@antiphon/xml";
import { identifierIn, millis, optionalNumber, wordIn } from "../delivery/attributes.js";
import { OPEN_STATES, type OpenCallState } from "../delivery/call-states.js";
import { MAX_NUMBER } from "../delivery/items.js";
import { DURABLE_DELIVERIES, type DurableDelivery } from "../delivery/submission.js";
import { boundedNumber } from "../domain/attributes.js";
import { codeIn } from "../domain/error-line.js";
import { BusError, type BusErrorCode } from "../errors.js";
import { Jid } from "../jid.js";
import { isFaultName, isQualifiedName, isVersion } from "../names.js";
import { NS } from "../namespaces.js";

/** A durable call as an administrator sees it. Times are durations in milliseconds. */
export interface ListedCall {
	/** Its number in the domain, in the order of acceptance. */
	readonly n: number;
	/** Bare JID. */
	readonly sender: string;
	/** As its sender names it. */
	readonly id: string;
	/** `service.function`; `undefined`: it was cancelled before it came. */
	readonly fn: string | undefined;
	readonly version: string | undefined;
	readonly delivery: DurableDelivery;
	readonly state: OpenCallState | "settled";
	readonly isDead: boolean;
	/** Runs that count, with the one that is under way. */
	readonly attempts: number;
	/** How long ago it was accepted. */
	readonly acceptedMs: number;
	/** Until it is given up. */
	readonly expiresMs: number | undefined;
	/** Of a delayed one: until it may be leased. */
	readonly dueMs: number | undefined;
	/** How long ago it was settled. */
	readonly settledMs: number | undefined;
	/** The instance that has it. */
	readonly instance: string | undefined;
	/** The error in which it ended. */
	readonly code: BusErrorCode | undefined;
	/** Of a declared fault. */
	readonly fault: string | undefined;
}

const STATES = [...OPEN_STATES, "settled"] as const;

export function callAttributes(call: ListedCall): AttributeValues {
	const { n, sender, id, fn, version, delivery, state, isDead, attempts, instance, code, fault } = call;
	return {
		n: String(n),
		sender,
		id,
		fn,
		v: version,
		delivery,
		state,
		dead: isDead ? "true" : undefined,
		attempts: String(attempts),
		accepted: millis(call.acceptedMs),
		expires: millis(call.expiresMs),
		due: millis(call.dueMs),
		settled: millis(call.settledMs),
		instance,
		code,
		fault,
	};
}

/** @throws BusError `protocol` */
export function callFrom(line: Element): ListedCall {
	const time = (name: string) => optionalNumber(line, name, 0, MAX_NUMBER, "protocol");
	const [sender, fn, version, fault] = ["sender", "fn", "v", "fault"].map((name) => line.attr(name));
	if (fn !== undefined && !isQualifiedName(fn)) throw malformed("fn must be the name of a function");
	if (version !== undefined && !isVersion(version)) throw malformed("v must be a version");
	if (fault !== undefined && !isFaultName(fault)) throw malformed("fault must be the name of a fault");
	return {
		n: boundedNumber(line, "n", 1, MAX_NUMBER, "protocol"),
		sender: bareJid(sender, "protocol"),
		id: identifierIn(line, "id", "protocol"),
		fn,
		version,
		delivery: wordIn(line, "delivery", DURABLE_DELIVERIES, "protocol"),
		state: wordIn(line, "state", STATES, "protocol"),
		isDead: line.attr("dead") === "true",
		attempts: boundedNumber(line, "attempts", 0, MAX_NUMBER, "protocol"),
		acceptedMs: boundedNumber(line, "accepted", 0, MAX_NUMBER, "protocol"),
		expiresMs: time("expires"),
		dueMs: time("due"),
		settledMs: time("settled"),
		instance: line.attr("instance"),
		code: line.attr("code") === undefined ? undefined : codeIn(line),
		fault,
	};
}

/** @throws BusError for what is no bare JID */
export function bareJid(text: string | undefined, code: "invalid-argument" | "protocol"): string {
	const jid = Jid.tryParse(text ?? "");
	if (jid !== undefined && jid.resource === undefined) return jid.toString();
	throw new BusError(code, "sender must be a bare JID");
}

export const encodeListedCall = (call: ListedCall) => xml("call", NS.queue, callAttributes(call));

const malformed = (message: string) => new BusError("protocol", message);
