import {
	BUS_ERROR_CODES,
	BusError,
	Dispatcher,
	decodeBody,
	decodeCallHead,
	decodeFault,
	decodeReply,
	decodeStanzaError,
	encodeFault,
	errorOf,
	iq,
	NS,
	STANZA_CONDITIONS,
} from "@antiphon/protocol";
import { type Element, parseElement, serialize, xml } from "@antiphon/xml";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { anyCharacter } from "../kit/src/any-character.js";

const FAULT = xml("fault", NS.rpc, { code: "fault", name: "unknown-word", executed: "yes", enc: "json" }, "{}");

const namespaces = fc.constantFrom<string>(NS.rpc, NS.client, NS.stanzaErrors, "urn:antiphon:rpc:2", "urn:other", "");
const names = fc.constantFrom(
	"call",
	"reply",
	"fault",
	"error",
	"text",
	"iq",
	"message",
	"presence",
	...STANZA_CONDITIONS,
);
const values = fc.oneof(
	fc.constantFrom(
		"a.b",
		"1.0.0",
		"500",
		"json",
		"msgpack",
		"yes",
		"no",
		"fault",
		"unknown-word",
		"cancel",
		"get",
		"error",
		"",
	),
	fc.constantFrom(
		"wA==",
		"gaR3b3JkpHhtcHA=",
		'{"word":"xmpp"}',
		"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
	),
	fc.constantFrom(...BUS_ERROR_CODES),
	fc.string({ unit: "grapheme-ascii" }),
	fc.string({ unit: "grapheme" }),
);
const attributes = fc.dictionary(
	fc.constantFrom(
		"fn",
		"v",
		"ttl",
		"enc",
		"code",
		"name",
		"executed",
		"retry-after",
		"type",
		"traceparent",
		"tracestate",
		"id",
		"from",
		"to",
		"toString",
	),
	values,
);
const anyElement: fc.Arbitrary<Element> = fc.letrec<{ element: Element }>((tie) => ({
	element: fc
		.tuple(names, namespaces, attributes, fc.array(fc.oneof({ maxDepth: 3 }, values, tie("element")), { maxLength: 4 }))
		.map(([name, ns, given, children]) => xml(name, ns, given, ...children)),
})).element;

/** A well-formed call, reply or error, with one or two things in it replaced. */
const WELL_FORMED = [
	xml("call", NS.rpc, { fn: "a.b", v: "1.0.0", ttl: "500", enc: "json" }, '{"word":"xmpp"}'),
	xml("reply", NS.rpc, { enc: "json" }, "1"),
	xml("error", NS.client, { type: "cancel" }, xml("undefined-condition", NS.stanzaErrors), FAULT),
].map((element) => (element.name === "error" ? xml("iq", NS.client, { type: "error" }, element) : element));
const nearly = fc
	.tuple(
		fc.constantFrom(...WELL_FORMED),
		attributes,
		fc.option(fc.array(fc.oneof(values, anyElement), { maxLength: 2 })),
	)
	.map(([element, changed, children]) => {
		const [first] = Object.entries(changed);
		const altered = first === undefined ? element : element.with({ [first[0]]: first[1] });
		return children === null ? altered : altered.withChildren(...children.filter((child) => child !== ""));
	});
const element = fc.oneof(anyElement, nearly);

function orBusError(action: () => unknown): unknown {
	try {
		return action();
	} catch (error) {
		expect(error).toBeInstanceOf(BusError);
		return error;
	}
}

describe("any element at all", () => {
	it("is read, or refused with a BusError", () => {
		const dispatcher = new Dispatcher<string>();
		dispatcher.add({ kind: "iq-get", payload: { ns: NS.rpc, name: "call" }, handler: "call" });
		const seen = { heads: 0, replies: 0, faults: 0 };
		fc.assert(
			fc.property(element, (given) => {
				const head = orBusError(() => decodeCallHead(given));
				if (!(head instanceof BusError)) seen.heads++;
				else expect(head).toMatchObject({ code: "invalid-argument", executed: "no" });
				orBusError(() => decodeBody(given, "json"));
				orBusError(() => decodeBody(given, "msgpack"));
				const reply = orBusError(() => decodeReply(given));
				if (!(reply instanceof BusError)) seen.replies++;
				else expect(reply).toMatchObject({ code: "protocol", executed: "unknown" });
				dispatcher.find(given);
				// These two never throw.
				const error = decodeFault(decodeStanzaError(given));
				if (error.code === "fault") seen.faults++;
				decodeFault({ condition: "conflict", type: "cancel", application: given });
			}),
			{ numRuns: 20_000 },
		);
		for (const count of Object.values(seen)) expect(count).toBeGreaterThan(100);
	}, 60_000);
});

/** JSON has no negative zero, and a payload no key of that name. */
const faultData = fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value).replaceAll("__proto__", "proto")));

describe("any error at all", () => {
	it("travels through real XML and arrives with its code, and what it says about the run, unless only a caller has it", () => {
		const callersOwn = ["cancelled", "link-lost", "protocol"];
		const request = iq("set", { id: "1", from: "a@b/c", to: "d@e/f" });
		fc.assert(
			fc.property(
				fc.constantFrom(...BUS_ERROR_CODES),
				fc.string({ unit: anyCharacter, maxLength: 1500 }),
				fc.constantFrom("yes", "no", "unknown"),
				fc.option(fc.oneof(fc.nat(), fc.double()), { nil: undefined }),
				fc.option(faultData, { nil: undefined }),
				(code, message, executed, retryAfterMs, data) => {
					const error = new BusError(code, message, {
						executed,
						data,
						name: "some-name",
						...(retryAfterMs === undefined ? {} : { retryAfterMs }),
					});
					const text = serialize(errorOf(request, encodeFault(error, "json")), NS.client);
					const arrived = decodeFault(
						decodeStanzaError(parseElement(`<s xmlns='jabber:client'>${text}</s>`).child() as Element),
					);
					const isBelieved = !callersOwn.includes(code);
					expect(arrived).toMatchObject({
						code: isBelieved ? code : "protocol",
						executed: isBelieved || executed === "yes" ? executed : "unknown",
					});
					if (code === "fault") expect(arrived.data).toEqual(data);
				},
			),
			{ numRuns: 5000 },
		);
	}, 60_000);
});
