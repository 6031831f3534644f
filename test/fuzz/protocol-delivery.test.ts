import { readFileSync } from "node:fs";
import { BusError, NS } from "@antiphon/protocol";
import { type Element, parseElement, serialize, xml } from "@antiphon/xml";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DELIVERY_CODECS } from "../conformance/delivery-vectors.js";
import { normalXml } from "../conformance/vector-values.js";

/** Lists of durable calls, whoever makes them. */

const names = fc.constantFrom("item", "lost", "call", "reply", "fault", "submit", "states", "x");
const namespaces = fc.constantFrom<string>(NS.delivery, NS.rpc, NS.client, "urn:antiphon:delivery:2", "");
const values = fc.oneof(
	fc.constantFrom("a", "a.b", "0", "1", "64", "45000", "999999999999999", "1e3", "-1", "true", "false", "", "json"),
	fc.constantFrom("known", "leased", "settled", "durable", "at-least-once", "effectively-once", "no", "unknown", "yes"),
	fc.constantFrom("fault", "conflict", "cancelled", "link-lost", "dictionary", "worker-7"),
	fc.string({ unit: "grapheme" }),
);
const attributeNames = fc.constantFrom(
	...["id", "n", "token", "serial", "attempt", "attempts", "delivery", "expires", "after", "order", "notify", "state"],
	...["keep", "service", "instance", "credit", "session", "number", "inbox", "low", "lease", "pulling", "executed"],
	...["retry-after", "fn", "ttl", "enc", "code", "name", "backoff", "max-backoff", "toString", "{urn:x}a"],
);
const attributes = fc.dictionary(attributeNames, values);
const anyElement: fc.Arbitrary<Element> = fc.letrec<{ element: Element }>((tie) => ({
	element: fc
		.tuple(names, namespaces, attributes, fc.array(fc.oneof({ maxDepth: 3 }, values, tie("element")), { maxLength: 4 }))
		.map(([name, ns, given, children]) => xml(name, ns, given, ...children)),
})).element;

/** The vectors that are well-formed, by the type of the stanza and the name of its payload. */
const VECTORS = ["submitting", "leasing", "outcomes"].flatMap((name) => {
	const file = new URL(`../conformance/vectors/delivery-${name}.json`, import.meta.url);
	const { vectors } = JSON.parse(readFileSync(file, "utf8")) as { vectors: { xml: string; encodes?: boolean }[] };
	return vectors
		.filter(({ encodes }) => encodes)
		.map(({ xml: text }) => {
			const stanza = parseElement(text);
			const payload = stanza.child() as Element;
			return [`${stanza.attr("type")} ${payload.name}`, payload] as const;
		});
});

const payloadNames = fc.constantFrom(...new Set(VECTORS.map(([name]) => name)));
/** Each kind of payload as often as the others. */
const wellFormed = payloadNames.chain((wanted) => fc.constantFrom(...VECTORS.filter(([name]) => name === wanted)));

/** Well-formed, with one thing in it replaced: an attribute of the list or of one of its items, or what the item holds. */
const nearly = fc
	.tuple(wellFormed, attributes, fc.nat(3), fc.option(anyElement, { freq: 2 }))
	.map(([[name, payload], changed, place, child]) => {
		const [altered] = Object.entries(changed);
		const other = (each: Element) => (altered === undefined ? each : each.with({ [altered[0]]: altered[1] }));
		if (place === 3) return [name, other(payload)] as const;
		const items = payload.elements().map((item, i) => {
			if (i !== place) return item;
			return child === null ? other(item) : item.withChildren(child);
		});
		return [name, payload.withChildren(...items)] as const;
	});
const anything = fc.tuple(payloadNames, anyElement);

describe("any list at all", () => {
	it("is read, or refused with a BusError, and what was read is written and read again as the same", () => {
		const read = new Map<string, number>();
		fc.assert(
			fc.property(fc.oneof(anything, { arbitrary: nearly, weight: 4 }), ([name, given]) => {
				const codec = DELIVERY_CODECS[name];
				if (codec === undefined) return expect.fail(name);
				let value: unknown;
				try {
					value = codec.decode(given);
				} catch (error) {
					expect(error).toBeInstanceOf(BusError);
					expect((error as BusError).code).toBe(name.startsWith("result") ? "protocol" : "invalid-argument");
					return;
				}
				// What could not be read is never written: it is answered, or was the answer.
				const unread = errorsIn(value).some(({ code }) => !name.startsWith("result") || code === "protocol");
				if (unread) return;
				read.set(name, (read.get(name) ?? 0) + 1);
				const written = codec.encode(value as never);
				const arrived = parseElement(serialize(written));
				expect(normalXml(codec.encode(codec.decode(arrived) as never))).toBe(normalXml(written));
			}),
			{ numRuns: 2_500 },
		);
		for (const [name, count] of read) expect(count, name).toBeGreaterThan(10);
		expect(read.size).toBe(Object.keys(DELIVERY_CODECS).length);
	}, 60_000);
});

/** Of the items of a list, wherever it stands. */
function errorsIn(value: unknown): BusError[] {
	const lists = Array.isArray(value) ? [value] : Object.values(value as object).filter(Array.isArray);
	return lists.flat().flatMap((item: { error?: BusError }) => item.error ?? []);
}
