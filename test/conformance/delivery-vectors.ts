import { deepStrictEqual } from "node:assert";
import {
	BusError,
	type BusErrorCode,
	type Cancellation,
	decodeAccepted,
	decodeAwait,
	decodeCancel,
	decodeDeliver,
	decodeLeaseRenewal,
	decodeLost,
	decodeOutcomes,
	decodePull,
	decodePullAgain,
	decodePulling,
	decodeReceived,
	decodeRecorded,
	decodeRelease,
	decodeReleased,
	decodeRenewedLeases,
	decodeSettle,
	decodeStates,
	decodeSubmit,
	decodeTaken,
	type Executed,
	encodeAccepted,
	encodeAwait,
	encodeCancel,
	encodeDeliver,
	encodeLeaseRenewal,
	encodeLost,
	encodeOutcomes,
	encodePull,
	encodePullAgain,
	encodePulling,
	encodeReceived,
	encodeRecorded,
	encodeRelease,
	encodeReleased,
	encodeRenewedLeases,
	encodeSettle,
	encodeStates,
	encodeSubmit,
	encodeTaken,
	Jid,
} from "@antiphon/protocol";
import { Element, parseElement, serialize } from "@antiphon/xml";
import { expect } from "vitest";
import { type DomainVector, withMore } from "./domain-vectors.js";
import { expectRefusal } from "./refusal.js";
import { normalXml } from "./vector-values.js";

/** What reads and writes a payload about durable calls. */
export interface DeliveryCodec {
	readonly decode: (payload: Element) => unknown;
	readonly encode: (value: never) => Element;
}

/** Of `urn:antiphon:delivery:1`, by the type of the stanza and the name of its payload. */
export const DELIVERY_CODECS: Readonly<Record<string, DeliveryCodec>> = {
	"set submit": { decode: decodeSubmit, encode: encodeSubmit },
	"result accepted": { decode: decodeAccepted, encode: encodeAccepted },
	"set pull": { decode: decodePull, encode: encodePull },
	"result pulling": {
		decode: (payload) => ({ leaseMs: decodePulling(payload) }),
		encode: ({ leaseMs }: { leaseMs: number }) => encodePulling(leaseMs),
	},
	"headline pull-again": { decode: decodePullAgain, encode: encodePullAgain },
	"set deliver": { decode: decodeDeliver, encode: encodeDeliver },
	"result taken": { decode: decodeTaken, encode: encodeTaken },
	"set settle": { decode: decodeSettle, encode: encodeSettle },
	"result recorded": { decode: decodeRecorded, encode: encodeRecorded },
	"set renew": { decode: decodeLeaseRenewal, encode: encodeLeaseRenewal },
	"result renewed": { decode: decodeRenewedLeases, encode: encodeRenewedLeases },
	"set release": { decode: decodeRelease, encode: encodeRelease },
	"result released": {
		decode: (payload) => {
			decodeReleased(payload);
			return {};
		},
		encode: encodeReleased,
	},
	"headline lost": { decode: decodeLost, encode: encodeLost },
	"set outcome": { decode: decodeOutcomes, encode: encodeOutcomes },
	"result received": { decode: decodeReceived, encode: encodeReceived },
	"get await": { decode: decodeAwait, encode: encodeAwait },
	"result states": { decode: decodeStates, encode: encodeStates },
	"set cancel": { decode: decodeCancel, encode: (items: Cancellation[]) => encodeCancel(items) },
};

/** Vectors of durable calls. As those of a domain, with calls and outcomes as XML and refusals as `error`. */
export function runDelivery(
	{ xml, more, decoded, error, encodes }: DomainVector,
	codecs: Readonly<Record<string, DeliveryCodec>> = DELIVERY_CODECS,
): void {
	const stanza = parseElement(xml);
	const payload = withMore(stanza.child() as Element, more);
	const name = `${stanza.attr("type")} ${payload.name}`;
	const codec = codecs[name];
	if (codec === undefined) throw new Error(`nobody reads ${name}`);
	if (decoded === undefined) {
		expectRefusal(() => codec.decode(payload), error);
		return;
	}
	// What is wrong with an item of a request everybody says in words of their own.
	const isAnswer = stanza.attr("type") === "result";
	deepStrictEqual(plain(codec.decode(payload), isAnswer), decoded);
	if (encodes) expect(normalXml(codec.encode(typed(decoded) as never))).toBe(normalXml(payload));
}

/** As JSON has it. The head of a call is in the call. */
function plain(value: unknown, hasTexts: boolean): unknown {
	if (value instanceof Element) return serialize(value);
	if (value instanceof Jid) return value.toString();
	if (value instanceof BusError) {
		const { code, executed, retryAfterMs, message } = value;
		return { code, executed, ...(hasTexts && { text: message }), ...(retryAfterMs !== undefined && { retryAfterMs }) };
	}
	if (Array.isArray(value)) return value.map((each) => plain(each, hasTexts));
	if (typeof value !== "object" || value === null) return value;
	const members = Object.entries(value).filter(([key, member]) => member !== undefined && key !== "head");
	return Object.fromEntries(members.map(([key, member]) => [key, plain(member, hasTexts)]));
}

interface ToldError {
	readonly code: BusErrorCode;
	readonly executed: Executed;
	readonly text: string;
	readonly retryAfterMs?: number;
}

function typed(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(typed);
	if (typeof value !== "object" || value === null) return value;
	return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, typedMember(key, member)]));
}

function typedMember(key: string, member: unknown): unknown {
	if (key === "call" || key === "element") return parseElement(member as string);
	if (key !== "error") return typed(member);
	const { code, text, ...options } = member as ToldError;
	return new BusError(code, text, options);
}
