import { deepStrictEqual } from "node:assert";
import { runInThisContext } from "node:vm";
import { BusError, decodePayload, encodePayload } from "@antiphon/protocol";
import fc from "fast-check";
import { Packr } from "msgpackr";
import { describe, expect, it } from "vitest";
import { anyCharacter } from "../kit/src/any-character.js";

/** A decoder that many use and that is far more forgiving than ours: what ours accepts, it must read as the same. */
const reference = new Packr({ useRecords: false, mapsAsObjects: true, int64AsType: "number" });
/** Writes extensions, records, references: the raw material that has to be refused. */
const extensive = new Packr({ moreTypes: true, structuredClone: true, useBigIntExtension: true });

const value = fc.anything({
	withDate: true,
	withMap: true,
	withSet: true,
	withTypedArray: true,
	maxDepth: 4,
	maxKeys: 8,
});
const written = fc.oneof(
	value.map((given) => attempt(() => reference.pack(given))),
	value.map((given) => attempt(() => extensive.pack(given))),
	fc.uint8Array({ minLength: 1, maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
);

type Mutation = {
	readonly kind: "flip" | "insert" | "remove" | "repeat" | "cut";
	readonly at: number;
	readonly byte: number;
};
const mutation: fc.Arbitrary<Mutation> = fc.record({
	kind: fc.constantFrom("flip", "insert", "remove", "repeat", "cut"),
	at: fc.nat(),
	byte: fc.oneof(fc.nat(255), fc.integer({ min: 0xc0, max: 0xdf })),
});
const mutated = fc
	.tuple(written, fc.array(mutation, { maxLength: 4 }))
	.map(([bytes, mutations]) => mutations.reduce(mutate, bytes));

describe("msgpack that somebody tampered with", () => {
	it("is refused with a BusError, or is read as msgpackr reads it and can be sent on", () => {
		const seen = { accepted: 0, refused: 0 };
		fc.assert(
			fc.property(mutated, (bytes) => {
				fc.pre(bytes.length > 0);
				const decoded = decode("msgpack", bytes.toString("base64"));
				if (decoded instanceof BusError) {
					seen.refused++;
					return;
				}
				seen.accepted++;
				deepStrictEqual(decodePayload("msgpack", encodePayload("msgpack", decoded)), decoded);
				// A byte order mark at the head of a string is where the reference is wrong.
				if (!bytes.includes(Buffer.from("\ufeff")))
					deepStrictEqual(decoded, plain(reference.unpack(Buffer.from(bytes))));
			}),
			{ numRuns: 15_000 },
		);
		expect(seen.accepted).toBeGreaterThan(1000);
		expect(seen.refused).toBeGreaterThan(1000);
	}, 60_000);
});

describe("JSON that somebody tampered with", () => {
	it("is refused with a BusError, or is what it means in JavaScript and can be sent on", () => {
		const json = fc
			.tuple(fc.json({ stringUnit: anyCharacter }), fc.array(mutation, { maxLength: 3 }))
			.map(([text, mutations]) =>
				mutations.reduce((current, { kind, at, byte }) => {
					const index = at % (current.length + 1);
					const token = JSON_TOKENS[byte % JSON_TOKENS.length] as string;
					if (kind === "cut") return current.slice(0, index);
					if (kind === "remove") return current.slice(0, index) + current.slice(index + 1);
					if (kind === "repeat") return current + current.slice(index);
					return current.slice(0, index) + token + current.slice(kind === "flip" ? index + 1 : index);
				}, text),
			);
		const seen = { accepted: 0, refused: 0 };
		fc.assert(
			fc.property(json, (text) => {
				fc.pre(text !== "");
				const decoded = decode("json", text);
				if (decoded instanceof BusError) {
					seen.refused++;
					return;
				}
				seen.accepted++;
				// Every JSON text is an expression; JSON.parse of Node 24 may mistake a key that has an escape (json-keys.ts).
				deepStrictEqual(decoded, plain(runInThisContext(`(${text})`)));
				deepStrictEqual(decodePayload("json", encodePayload("json", decoded)), decoded);
				deepStrictEqual(decodePayload("msgpack", encodePayload("msgpack", decoded)), decoded);
			}),
			{ numRuns: 15_000 },
		);
		expect(seen.accepted).toBeGreaterThan(1000);
		expect(seen.refused).toBeGreaterThan(1000);
	}, 60_000);
});

const JSON_TOKENS = [
	...'{}[]",:\\0919e-+.',
	"1234567890123456789",
	'"a":1',
	"\\ud83d",
	"null",
	" ",
	"\u0000",
	"\ud800",
];

function attempt(pack: () => Buffer): Buffer {
	try {
		return Buffer.from(pack());
	} catch {
		return Buffer.from([0xc0]);
	}
}

function mutate(bytes: Buffer, { kind, at, byte }: Mutation): Buffer {
	const index = at % (bytes.length + 1);
	const [head, tail] = [bytes.subarray(0, index), bytes.subarray(index)];
	switch (kind) {
		case "flip":
			return Buffer.concat([head, Buffer.from([byte]), tail.subarray(1)]);
		case "insert":
			return Buffer.concat([head, Buffer.from([byte]), tail]);
		case "remove":
			return Buffer.concat([head, tail.subarray(1)]);
		case "repeat":
			return Buffer.concat([bytes, tail]);
		case "cut":
			return head;
	}
}

function decode(encoding: "msgpack" | "json", text: string): unknown {
	try {
		return decodePayload(encoding, text);
	} catch (error) {
		if (!(error instanceof BusError)) throw error;
		expect(error).toMatchObject({ code: "invalid-argument", executed: "no" });
		return error;
	}
}

/** What ours makes of the same value: zero has one sign, bytes are plain. */
function plain(given: unknown): unknown {
	if (typeof given === "number") return given + 0;
	if (given instanceof Uint8Array) return new Uint8Array(given);
	if (Array.isArray(given)) return given.map(plain);
	if (typeof given !== "object" || given === null) return given;
	return Object.fromEntries(Object.entries(given).map(([key, child]) => [key, plain(child)]));
}
