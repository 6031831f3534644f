import { type Element, xml } from "@antiphon/xml";
import { BusError } from "../errors.js";
import { Jid } from "../jid.js";
import { MAX_TTL_MS } from "../limits.js";
import { isQualifiedName, isVersion } from "../names.js";
import { NS } from "../namespaces.js";
import { decodePayload, type Encoding, encodePayload, parseEncoding } from "./payload/payload.js";

/** W3C Trace Context, carried as it is. */
export interface TraceContext {
	readonly traceparent?: string | undefined;
	readonly tracestate?: string | undefined;
}

/** One call, as in `<call xmlns='urn:antiphon:rpc:1' …>` (docs/protocol.md, "Calling a function"). */
export interface Call extends TraceContext {
	/** `service.function` */
	readonly fn: string;
	/** The version of the contract that the caller was built with; `undefined`: it does not care. */
	readonly version: string | undefined;
	/** What is left of the deadline, in milliseconds. */
	readonly ttlMs: number;
	readonly encoding: Encoding;
	/** Whom a domain passes the call on for. Believed from the domain alone. */
	readonly for?: Jid | undefined;
	readonly input: unknown;
}

/** The head of a call: all but its input, which is decoded once the call is admitted. */
export type CallHead = Omit<Call, "input">;

const DIGITS = /^\d{1,9}$/;
const TRACEPARENT = /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/;
const TRACESTATE = /^[\x20-\x7e]{1,512}$/;

/** @throws BusError `invalid-argument` when the name, the version or the input cannot be carried */
export function encodeCall(call: Call): Element {
	const trace = validTrace(call.traceparent, call.tracestate);
	return xml(
		"call",
		NS.rpc,
		{
			fn: checkFunctionName(call.fn),
			v: checkVersion(call.version),
			ttl: String(Math.max(0, Math.min(MAX_TTL_MS, Math.floor(call.ttlMs) || 0))),
			enc: call.encoding,
			traceparent: trace.traceparent,
			tracestate: trace.tracestate,
		},
		encodePayload(call.encoding, call.input),
	);
}

/** Reads all but the input. @throws BusError `invalid-argument` with what is wrong */
export function decodeCallHead(element: Element): CallHead {
	const fn = checkFunctionName(element.attr("fn"));
	const version = checkVersion(element.attr("v"));
	const ttl = element.attr("ttl");
	if (ttl === undefined || !DIGITS.test(ttl) || Number(ttl) > MAX_TTL_MS) {
		throw new BusError("invalid-argument", `ttl must be milliseconds, 0 to ${MAX_TTL_MS}`);
	}
	const encoding = parseEncoding(element.attr("enc"));
	const trace = validTrace(element.attr("traceparent"), element.attr("tracestate"));
	const caller = callerIn(element.attr("for"));
	return { fn, version, ttlMs: Number(ttl), encoding, ...trace, ...(caller !== undefined && { for: caller }) };
}

/**
 * A call as a domain passes it on: what it holds is not looked into.
 * @param ttlMs what is left of its deadline, in milliseconds
 */
export function forwardedCall(call: Element, caller: Jid, ttlMs: number): Element {
	return call.with({ for: caller.toString(), ttl: String(Math.max(0, Math.min(MAX_TTL_MS, Math.floor(ttlMs) || 0))) });
}

function callerIn(text: string | undefined): Jid | undefined {
	const jid = Jid.tryParse(text);
	if (text === undefined || jid !== undefined) return jid;
	throw new BusError("invalid-argument", "for must be a JID");
}

function checkFunctionName(fn: string | undefined): string {
	if (fn === undefined || !isQualifiedName(fn)) {
		throw new BusError("invalid-argument", "fn must be service.function, such as dictionary.define");
	}
	return fn;
}

function checkVersion(version: string | undefined): string | undefined {
	if (version !== undefined && !isVersion(version)) {
		throw new BusError("invalid-argument", "v must be a version such as 1.0.0");
	}
	return version;
}

/** The input of a call or the output of a reply. @throws BusError `invalid-argument` */
export function decodeBody(element: Element, encoding: Encoding): unknown {
	// Elements inside would be dropped silently by text(), so they are refused.
	if (element.children.some((child) => typeof child !== "string")) {
		throw new BusError("invalid-argument", `<${element.name}/> must hold text only`);
	}
	return decodePayload(encoding, element.text());
}

/** `<reply/>`, the outcome of a call that succeeded. @throws BusError `invalid-argument` when it cannot be carried */
export function encodeReply(encoding: Encoding, output: unknown): Element {
	return xml("reply", NS.rpc, { enc: encoding }, encodePayload(encoding, output));
}

/** The output inside the payload of an `iq` result. @throws BusError `protocol` when it is no reply */
export function decodeReply(payload: Element | undefined): unknown {
	if (payload === undefined || !payload.is("reply", NS.rpc)) {
		throw new BusError("protocol", "the answer is no <reply/>: this address does not speak urn:antiphon:rpc:1");
	}
	try {
		return decodeBody(payload, parseEncoding(payload.attr("enc")));
	} catch (error) {
		throw new BusError("protocol", `the reply is malformed: ${BusError.from(error).message}`, { cause: error });
	}
}

/** A malformed trace context is dropped, not refused (W3C Trace Context, section 3.2), whoever made it. */
function validTrace(traceparent: string | undefined, tracestate: string | undefined): TraceContext {
	if (traceparent === undefined || !TRACEPARENT.test(traceparent)) return {};
	return tracestate !== undefined && TRACESTATE.test(tracestate) ? { traceparent, tracestate } : { traceparent };
}
