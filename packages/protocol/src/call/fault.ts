import { type Element, xml } from "@antiphon/xml";
import { BusError, type BusErrorCode, type Executed, isBusErrorCode } from "../errors.js";
import type { Jid } from "../jid.js";
import { legible } from "../legible.js";
import { MAX_ERROR_TEXT_CHARS, MAX_TTL_MS } from "../limits.js";
import { isFaultName, MAX_NAME_CHARS } from "../names.js";
import { NS } from "../namespaces.js";
import type { StanzaCondition, StanzaError, StanzaErrorType } from "../stanza/stanza-error.js";
import { decodeBody } from "./call.js";
import { type Encoding, encodePayload, parseEncoding } from "./payload/payload.js";

/** How each code travels (docs/protocol.md, "Errors"). Codes that only ever arise locally travel as what is nearest. */
const STANZA_ERROR: Readonly<Record<BusErrorCode, readonly [StanzaCondition, StanzaErrorType]>> = {
	"invalid-argument": ["bad-request", "modify"],
	unimplemented: ["feature-not-implemented", "cancel"],
	"not-found": ["item-not-found", "cancel"],
	unavailable: ["service-unavailable", "wait"],
	forbidden: ["forbidden", "auth"],
	unauthenticated: ["not-authorized", "auth"],
	overloaded: ["resource-constraint", "wait"],
	"too-large": ["policy-violation", "modify"],
	conflict: ["conflict", "cancel"],
	fault: ["undefined-condition", "cancel"],
	internal: ["internal-server-error", "cancel"],
	"deadline-exceeded": ["remote-server-timeout", "wait"],
	cancelled: ["undefined-condition", "cancel"],
	"link-lost": ["recipient-unavailable", "wait"],
	protocol: ["undefined-condition", "cancel"],
};

/**
 * What an error without a `<fault/>` means: it was made by an XMPP server or by an entity that does not speak Antiphon,
 * so nothing was executed. The one exception is recipient-unavailable: a server with XEP-0198 sends it for stanzas that
 * it had delivered and that were not acknowledged before the session died.
 */
const WITHOUT_FAULT: Readonly<Partial<Record<StanzaCondition, readonly [BusErrorCode, Executed]>>> = {
	"bad-request": ["invalid-argument", "no"],
	"jid-malformed": ["invalid-argument", "no"],
	"not-acceptable": ["invalid-argument", "no"],
	"feature-not-implemented": ["unimplemented", "no"],
	"item-not-found": ["not-found", "no"],
	gone: ["not-found", "no"],
	"service-unavailable": ["unavailable", "no"],
	"recipient-unavailable": ["unavailable", "unknown"],
	"remote-server-not-found": ["unavailable", "no"],
	"remote-server-timeout": ["unavailable", "no"],
	forbidden: ["forbidden", "no"],
	"not-allowed": ["forbidden", "no"],
	"registration-required": ["forbidden", "no"],
	"subscription-required": ["forbidden", "no"],
	"not-authorized": ["unauthenticated", "no"],
	"resource-constraint": ["overloaded", "no"],
	"policy-violation": ["too-large", "no"],
	conflict: ["conflict", "no"],
	"internal-server-error": ["internal", "unknown"],
};

/**
 * What a caller finds out by itself. Believed from a provider, such a code would tell the caller that its own link broke,
 * or that it had given the call up itself.
 */
export const CALLERS_OWN: ReadonlySet<BusErrorCode> = new Set<BusErrorCode>(["cancelled", "link-lost", "protocol"]);

/** What even a queue, which cancels calls, cannot have found out. */
export const NO_QUEUES: ReadonlySet<BusErrorCode> = new Set<BusErrorCode>(["link-lost", "protocol"]);

/** What the caller is told instead of an internal error: its detail stays in the process that had it. */
const INTERNAL_TEXT = "internal error";

/** The stanza error for a call that failed. @throws BusError `invalid-argument` when the fault's name or data cannot be carried */
export function encodeFault(error: BusError, encoding: Encoding): StanzaError {
	const [condition, type] = STANZA_ERROR[error.code];
	return { condition, type, text: textOf(error), application: faultOf(error, encoding) };
}

/**
 * A fault without a stanza error around it, as an item of a list has it (docs/protocol.md, "Durable calls"): what it says to
 * people is an attribute. @throws BusError as {@link encodeFault}
 */
export function encodeFaultAlone(error: BusError, encoding: Encoding): Element {
	return faultOf(error, encoding).with({ text: legible(textOf(error), MAX_ERROR_TEXT_CHARS) || undefined });
}

const textOf = (error: BusError) => (error.code === "internal" ? INTERNAL_TEXT : error.message);

function faultOf(error: BusError, encoding: Encoding): Element {
	const isFault = error.code === "fault";
	if (isFault && !isFaultName(error.name)) {
		throw new BusError(
			"invalid-argument",
			"the name of a fault must be 1 to 64 lower-case letters, digits and hyphens",
		);
	}
	return xml(
		"fault",
		NS.rpc,
		{
			code: error.code,
			name: isFault ? error.name : undefined,
			executed: error.executed,
			"retry-after": encodeRetryAfter(error.retryAfterMs),
			enc: isFault ? encoding : undefined,
		},
		isFault ? encodePayload(encoding, error.data) : undefined,
	);
}

/**
 * The error that an `iq` of type error tells of. Never throws: a malformed `<fault/>` is the code `protocol`, and so is
 * one with a code that only the caller's own side can have.
 * @param asked whom, for the message
 */
export function decodeFault(error: StanzaError, asked?: Jid): BusError {
	const fault = error.application;
	if (fault === undefined || !fault.is("fault", NS.rpc)) {
		const [code, executed] = WITHOUT_FAULT[error.condition] ?? (["protocol", "unknown"] as const);
		return new BusError(code, messageOf(error, asked), { executed });
	}
	return readFault(fault, error.text, CALLERS_OWN);
}

/**
 * The error that a fault without a stanza error around it tells of. Never throws, as {@link decodeFault}. It comes from a
 * queue, of which `cancelled` is believed.
 */
export function decodeFaultAlone(fault: Element): BusError {
	const text = fault.attr("text")?.slice(0, MAX_ERROR_TEXT_CHARS).toWellFormed();
	return readFault(fault, text, NO_QUEUES);
}

/** @param notTheirs codes that are not believed of whoever said this */
function readFault(fault: Element, text: string | undefined, notTheirs: ReadonlySet<BusErrorCode>): BusError {
	const executed = executedIn(fault);
	const code = fault.attr("code") ?? "";
	if (!isBusErrorCode(code)) {
		const shown = JSON.stringify(code.slice(0, MAX_NAME_CHARS));
		return new BusError("protocol", `the fault has an unknown code: ${shown}`, { executed });
	}
	if (notTheirs.has(code)) {
		const said = text ? `: ${text}` : "";
		const message = `the provider answered with the code ${code}, which only the side of the caller can have${said}`;
		return new BusError("protocol", message, { executed: executed === "yes" ? "yes" : "unknown" });
	}
	const message = text || code;
	if (code !== "fault") return new BusError(code, message, { executed, ...decodeRetryAfter(fault) });
	const name = fault.attr("name");
	if (name === undefined || !isFaultName(name)) {
		return new BusError("protocol", "the fault has no name, or one that is not allowed", { executed });
	}
	try {
		const data = decodeBody(fault, parseEncoding(fault.attr("enc")));
		return new BusError("fault", message, { executed, name, data });
	} catch (cause) {
		return new BusError("protocol", `the fault ${name} is malformed: ${BusError.from(cause).message}`, {
			executed,
			cause,
		});
	}
}

/** What is not stated in so many words is not known. */
export function executedIn(fault: Element): Executed {
	const stated = fault.attr("executed");
	return stated === "yes" || stated === "no" ? stated : "unknown";
}

/** What an XMPP server says. That it finds no way to another one it does not always say with that one's name. */
function messageOf({ condition, text }: StanzaError, asked: Jid | undefined): string {
	if (!text) return wordless(condition, asked);
	const noWay = condition === "remote-server-not-found" || condition === "remote-server-timeout";
	return noWay && asked !== undefined ? `${asked.domain} cannot be reached: ${text}` : text;
}

/** What an XMPP server that says no word means. */
function wordless(condition: StanzaCondition, asked: Jid | undefined): string {
	if (asked === undefined) return `the XMPP network answered <${condition}/>`;
	if (WITHOUT_FAULT[condition]?.[0] !== "unavailable") return `${asked} answered <${condition}/>`;
	// The JIDs of functions have a dot. To the bare JID of an account its server answers, whoever is online there.
	const isAccount = asked.local !== undefined && asked.resource === undefined && !asked.local.includes(".");
	const hint = isAccount ? `; a node of an account is reached at its full JID, ${asked}/resource` : "";
	return `nobody answers at ${asked} (<${condition}/>)${hint}`;
}

function encodeRetryAfter(retryAfterMs: number | undefined): string | undefined {
	if (retryAfterMs === undefined || Number.isNaN(retryAfterMs)) return undefined;
	return String(Math.max(0, Math.min(MAX_TTL_MS, Math.ceil(retryAfterMs))));
}

function decodeRetryAfter(fault: Element): { retryAfterMs?: number } {
	const text = fault.attr("retry-after");
	return text !== undefined && /^\d{1,9}$/.test(text) ? { retryAfterMs: Math.min(Number(text), MAX_TTL_MS) } : {};
}
