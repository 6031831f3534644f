import { parseElement, serialize, xml } from "@antiphon/xml";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BusError } from "../errors.js";
import { Jid } from "../jid.js";
import { NS } from "../namespaces.js";
import {
	decodeGrant,
	decodeRegister,
	decodeRenew,
	decodeRenewed,
	encodeRegister,
	encodeRenew,
	type Registration,
} from "./registration.js";
import {
	decodeResolution,
	decodeResolve,
	encodeResolution,
	type Instance,
	MAX_INSTANCES,
	type Resolution,
} from "./resolution.js";

const overTheWire = (element: ReturnType<typeof xml>) => parseElement(serialize(element, ""));
const name = fc.stringMatching(/^[a-z][a-z0-9]{0,20}$/);
const text = fc.string({ minLength: 1, maxLength: 30, unit: "grapheme-ascii" });
const labels = fc.dictionary(name, text, { maxKeys: 16, noNullPrototype: false });
const version = fc.tuple(fc.nat(99), fc.nat(99), fc.nat(99)).map((parts) => parts.join("."));
const state = fc.constantFrom("available" as const, "draining" as const);
const instance: fc.Arbitrary<Instance> = fc.record({
	name: name,
	jid: name.map((local) => Jid.parse(`${local}@example.org/x`)),
	version,
	state,
	running: fc.nat(1_000_000),
	concurrency: fc.integer({ min: 1, max: 1_000_000 }),
	labels,
});
const isBusError = (code: string, decode: () => unknown) => {
	try {
		decode();
	} catch (error) {
		expect(error).toBeInstanceOf(BusError);
		expect(error).toMatchObject({ code });
		return true;
	}
	return false;
};

describe("a resolution", () => {
	it("arrives as it was sent", () => {
		fc.assert(
			fc.property(fc.array(instance, { maxLength: 5 }), fc.nat(1_000), fc.boolean(), (instances, more, known) => {
				const sent: Resolution = { service: "s", known, watchMs: 5, instances, total: instances.length + more };
				const got = decodeResolution(overTheWire(encodeResolution(sent)));
				expect(got.total).toBe(more === 0 ? undefined : sent.total);
				expect({ ...got, instances: got.instances.map((each) => ({ ...each, labels: { ...each.labels } })) }).toEqual({
					...sent,
					total: got.total,
					instances: instances.map((each) => ({ ...each, labels: { ...each.labels } })),
				});
			}),
		);
	});

	it("leaves out what is malformed, and what is too much", () => {
		const line = (more: object) =>
			xml("instance", NS.resolve, { name: "a", jid: "a@b/c", v: "1.0.0", running: "0", concurrency: "1", ...more });
		const odd = [
			line({ jid: undefined }),
			line({ jid: "@" }),
			line({ name: "" }),
			line({ v: "1" }),
			line({ running: "-1" }),
			line({ running: "1e3" }),
			line({ concurrency: "0" }),
			line({ concurrency: "9".repeat(400) }),
		];
		const good = Array.from({ length: 10_000 }, (_, i) => line({ name: `${i}` }));
		const of = (lines: readonly ReturnType<typeof xml>[]) =>
			decodeResolution(xml("instances", NS.resolve, { service: "s", watch: "0" }, ...lines)).instances.length;
		expect(of([...odd, line({})])).toBe(1);
		expect(of(good)).toBe(MAX_INSTANCES);
	});

	it("is refused when it is none, or its numbers are none", () => {
		for (const element of [
			undefined,
			xml("instances", NS.registry),
			xml("instances", NS.resolve),
			xml("instances", NS.resolve, { watch: "-1" }),
			xml("instances", NS.resolve, { watch: "0", total: "many" }),
		]) {
			expect(isBusError("protocol", () => decodeResolution(element))).toBe(true);
		}
		expect(isBusError("invalid-argument", () => decodeResolve(xml("resolve", NS.resolve, { v: "one" })))).toBe(true);
		expect(decodeResolve(xml("resolve", NS.resolve))).toEqual({ version: undefined, watchMs: 0 });
	});
});

const registration: fc.Arbitrary<Registration> = fc.record({
	service: name,
	version,
	fingerprint: fc.stringMatching(/^[A-Za-z0-9_-]{22}$/),
	instance: name,
	concurrency: fc.integer({ min: 1, max: 1_000_000 }),
	labels,
});

describe("a registration", () => {
	it("arrives as it was sent", () => {
		fc.assert(
			fc.property(registration, (sent) => {
				const got = decodeRegister(overTheWire(encodeRegister(sent)));
				expect({ ...got, labels: { ...got.labels } }).toEqual({ ...sent, labels: { ...sent.labels } });
			}),
		);
	});

	it("is refused, and says why, when anything is missing or odd", () => {
		const good = { service: "s", v: "1.0.0", fingerprint: "f".repeat(22), instance: "i", concurrency: "1" };
		const of = (more: object, ...labels: ReturnType<typeof xml>[]) =>
			isBusError("invalid-argument", () =>
				decodeRegister(xml("register", NS.registry, { ...good, ...more }, ...labels)),
			);
		expect(of({})).toBe(false);
		for (const missing of Object.keys(good)) expect(of({ [missing]: undefined }), missing).toBe(true);
		for (const odd of [
			{ service: "S" },
			{ v: "01.0.0" },
			{ fingerprint: "f" },
			{ concurrency: "0" },
			{ concurrency: "1.5" },
		]) {
			expect(of(odd), JSON.stringify(odd)).toBe(true);
		}
		for (const odd of ["", "x".repeat(129), "a\u200bb", "e\u0301"]) expect(of({ instance: odd })).toBe(true);
		const label = (name: string | undefined, value: string) => xml("label", NS.registry, { name }, value);
		expect(of({}, ...Array.from({ length: 10_000 }, (_, i) => label(`l${i}`, "v")))).toBe(true);
		for (const odd of [label(undefined, "v"), label("__proto__", "v"), label("a", ""), label("a", "v".repeat(129))]) {
			expect(of({}, odd)).toBe(true);
		}
	});

	it("takes the last of labels that have one name, and names that every object has for names", () => {
		const label = (name: string, value: string) => xml("label", NS.registry, { name }, value);
		const { labels } = decodeRegister(
			xml(
				"register",
				NS.registry,
				{ service: "s", v: "1.0.0", fingerprint: "f".repeat(22), instance: "i", concurrency: "1" },
				...[label("a", "1"), label("a", "2"), label("constructor", "c")],
			),
		);
		expect({ ...labels }).toEqual({ a: "2", constructor: "c" });
	});
});

describe("a renewal", () => {
	it("arrives as it was sent, within its bound", () => {
		const lines = Array.from({ length: 1_024 }, (_, i) => ({
			service: "s",
			instance: `${i}`,
			state: i % 2 === 0 ? ("available" as const) : ("draining" as const),
			running: i,
		}));
		expect(decodeRenew(encodeRenew(lines))).toEqual(lines);
		expect(decodeRenew(overTheWire(encodeRenew(lines.slice(0, 64))))).toEqual(lines.slice(0, 64));
		const more = encodeRenew([...lines, { service: "s", instance: "x", state: "available", running: 0 }]);
		expect(isBusError("invalid-argument", () => decodeRenew(more))).toBe(true);
	});

	it("and a grant are refused as answers when they are none", () => {
		for (const element of [undefined, xml("renewed", NS.resolve), xml("other", NS.registry)]) {
			expect(isBusError("protocol", () => decodeRenewed(element))).toBe(true);
			expect(isBusError("protocol", () => decodeGrant(element))).toBe(true);
		}
		expect(isBusError("protocol", () => decodeGrant(xml("registered", NS.registry, { lease: "0" })))).toBe(true);
		expect(isBusError("protocol", () => decodeGrant(xml("registered", NS.registry, { lease: "5000" })))).toBe(true);
	});
});
