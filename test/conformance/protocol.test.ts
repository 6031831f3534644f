import { deepStrictEqual } from "node:assert";
import { readdirSync, readFileSync } from "node:fs";
import {
	addDurations,
	BusError,
	type BusErrorCode,
	decodeBody,
	decodeCallHead,
	decodeFault,
	decodePayload,
	decodeReply,
	decodeReport,
	decodeStanzaError,
	durationAt,
	type Encoding,
	type Executed,
	encodeCall,
	encodeFault,
	encodePayload,
	encodeReply,
	errorOf,
	type IqType,
	iq,
	Jid,
	JidError,
	NS,
	resultOf,
} from "@antiphon/protocol";
import { type Element, xml as element, parseElement, serialize } from "@antiphon/xml";
import { describe, expect, it } from "vitest";
import { runDelivery } from "./delivery-vectors.js";
import { type DomainVector, runDomain } from "./domain-vectors.js";
import { runQueue } from "./queue-vectors.js";
import { expectRefusal, type Refusal } from "./refusal.js";
import { fromVector, normalXml } from "./vector-values.js";

/** The golden vectors, run against this implementation. README.md beside this file describes their format. */

interface VectorFile {
	readonly kind: string;
	readonly description: string;
	readonly vectors: readonly { readonly name: string; readonly description: string }[];
}

interface CallVector {
	readonly xml: string;
	readonly error?: Refusal;
	readonly encodes?: boolean;
	readonly decoded?: {
		readonly type: IqType;
		readonly id: string;
		readonly from: string;
		readonly to: string;
		readonly fn: string;
		readonly version: string | null;
		readonly ttlMs: number;
		readonly encoding: Encoding;
		readonly traceparent?: string;
		readonly tracestate?: string;
		readonly input?: unknown;
	};
}

interface ReplyVector {
	readonly xml: string;
	readonly error?: Refusal;
	readonly encodes?: boolean;
	readonly decoded?: { readonly encoding: Encoding; readonly output?: unknown };
}

interface FaultVector {
	readonly xml: string;
	readonly condition: string;
	readonly type: string;
	readonly encodes: boolean;
	readonly decoded: {
		readonly code: BusErrorCode;
		readonly executed: Executed;
		readonly name?: string;
		readonly encoding?: Encoding;
		readonly data?: unknown;
		readonly retryAfterMs?: number;
		readonly text?: string;
	};
}

interface PayloadVector {
	readonly text?: string;
	readonly base64?: string;
	readonly hex?: string;
	readonly value?: unknown;
	readonly absent?: boolean;
	readonly encodes?: boolean;
	readonly error?: BusErrorCode;
}

interface JidVector {
	readonly input: string;
	readonly jid?: { readonly local: string | null; readonly domain: string; readonly resource: string | null };
	readonly normal?: string;
	readonly error?: "jid-malformed";
}

interface DurationsVector {
	readonly reports: readonly string[];
	readonly p50?: number | null;
	readonly p95?: number | null;
	readonly error?: BusErrorCode;
}

const RUNNERS: Readonly<Record<string, (vector: never) => void>> = {
	call: runCall,
	reply: runReply,
	fault: runFault,
	"payload-json": (vector: PayloadVector) => runPayload("json", vector),
	"payload-msgpack": (vector: PayloadVector) => runPayload("msgpack", vector),
	jid: runJid,
	durations: runDurations,
	domain: runDomain,
	delivery: (vector: DomainVector) => runDelivery(vector),
	queue: runQueue,
};

const folder = new URL("vectors/", import.meta.url);
const files = readdirSync(folder).map((name) => {
	const file = JSON.parse(readFileSync(new URL(name, folder), "utf8")) as VectorFile;
	return { name, ...file };
});

describe.each(files)("$name", ({ kind, vectors }) => {
	it.each(vectors)("$name: $description", (vector) => {
		const run = RUNNERS[kind];
		if (run === undefined) return expect.fail(`there is no runner for vectors of the kind ${kind}`);
		run(vector as never);
	});
});

it("every vector has a name of its own", () => {
	const names = files.flatMap(({ vectors }) => vectors.map(({ name }) => name));
	expect(new Set(names).size).toBe(names.length);
	expect(names.length).toBeGreaterThan(400);
});

function runCall({ xml, decoded, error, encodes }: CallVector): void {
	const stanza = parseElement(xml);
	const element = stanza.child("call", NS.rpc) as Element;
	const read = () => {
		const head = decodeCallHead(element);
		return { ...head, input: decodeBody(element, head.encoding) };
	};
	if (decoded === undefined) {
		expectRefusal(read, error);
		return;
	}
	const { type, id, from, to, version, input, ...head } = decoded;
	for (const [name, value] of Object.entries({ type, id, from, to })) expect(stanza.attr(name)).toBe(value);
	const call = { ...head, version: version ?? undefined, input: fromVector(input) };
	deepStrictEqual(read(), call);
	if (encodes) expect(normalXml(iq(type, { id, from, to }, encodeCall(call)))).toBe(normalXml(stanza));
}

function runReply({ xml, decoded, error, encodes }: ReplyVector): void {
	const stanza = parseElement(xml);
	const read = () => decodeReply(stanza.child());
	if (decoded === undefined) {
		expectRefusal(read, error);
		return;
	}
	const output = fromVector(decoded.output);
	deepStrictEqual(read(), output);
	if (!encodes) return;
	expect(normalXml(resultOf(requestOf(stanza), encodeReply(decoded.encoding, output)))).toBe(normalXml(stanza));
}

function runFault({ xml, condition, type, decoded, encodes }: FaultVector): void {
	const stanza = parseElement(xml);
	const stanzaError = decodeStanzaError(stanza);
	expect(stanzaError).toMatchObject({ condition, type });
	const error = decodeFault(stanzaError);
	const { code, executed, name, data, retryAfterMs, text, encoding } = decoded;
	const expected = { code, executed, name: name ?? "BusError", data: fromVector(data), retryAfterMs };
	deepStrictEqual(
		{
			code: error.code,
			executed: error.executed,
			name: error.name,
			data: error.data,
			retryAfterMs: error.retryAfterMs,
		},
		expected,
	);
	if (text !== undefined) expect(error.message).toBe(text);
	if (!encodes) return;
	const sent = new BusError(code, text ?? "", {
		executed,
		data: expected.data,
		...(name === undefined ? {} : { name }),
		...(retryAfterMs === undefined ? {} : { retryAfterMs }),
	});
	expect(normalXml(errorOf(requestOf(stanza), encodeFault(sent, encoding ?? "json")))).toBe(normalXml(stanza));
}

function runPayload(encoding: Encoding, vector: PayloadVector): void {
	const text = vector.text ?? vector.base64 ?? "";
	if (vector.hex !== undefined) expect(Buffer.from(vector.hex, "hex").toString("base64")).toBe(text);
	if (vector.error !== undefined) {
		expectRefusal(() => decodePayload(encoding, text), { code: vector.error, executed: "no" });
		return;
	}
	const value = vector.absent ? undefined : fromVector(vector.value);
	deepStrictEqual(decodePayload(encoding, text), value);
	deepStrictEqual(decodePayload(encoding, encodePayload(encoding, value)), value);
	if (vector.encodes) expect(encodePayload(encoding, value)).toBe(text);
}

function runJid({ input, jid, normal, error }: JidVector): void {
	if (error !== undefined) {
		expect(() => Jid.parse(input)).toThrow(JidError);
		return;
	}
	const { local = null, domain, resource = null } = Jid.parse(input);
	expect({ local, domain, resource }).toEqual(jid);
	expect(Jid.parse(input).toString()).toBe(normal);
	expect(Jid.parse(normal ?? "").toString()).toBe(normal);
}

function runDurations({ reports, p50 = null, p95 = null, error }: DurationsVector): void {
	const sum: number[] = [];
	const read = () => {
		for (const text of reports) {
			const counts = { name: "f", calls: "0", errors: "0", running: "0" };
			const durations = element("durations", NS.stats, {}, text);
			const report = element("report", NS.stats, {}, element("function", NS.stats, counts, durations));
			for (const each of decodeReport(report)) addDurations(sum, each.durations);
		}
	};
	if (error !== undefined) {
		expectRefusal(read, { code: error, executed: "unknown" });
		return;
	}
	read();
	const digits = (ms: number | undefined) => (ms === undefined ? null : Number(ms.toPrecision(3)));
	expect({ p50: digits(durationAt(0.5, sum)), p95: digits(durationAt(0.95, sum)) }).toEqual({ p50, p95 });
}

/** The request to which this is the answer. */
function requestOf(answer: Element): Element {
	return iq("get", { id: answer.attr("id"), from: answer.attr("to"), to: answer.attr("from") });
}

it("the XML of an answer does not depend on the order of attributes or on quotes", () => {
	const one = parseElement(`<iq xmlns="jabber:client" type="get" id="1"><a xmlns="urn:x">&#60;</a></iq>`);
	const other = parseElement(`<iq id='1' xmlns='jabber:client' type='get'><a xmlns='urn:x'>&lt;</a></iq>`);
	expect(normalXml(one)).toBe(normalXml(other));
	expect(normalXml(one)).toBe(normalXml(parseElement(serialize(other, ""))));
});
