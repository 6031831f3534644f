import { parseElement, serialize } from "@antiphon/xml";
import { describe, expect, it } from "vitest";
import { BusError } from "../errors.js";
import { decodeTaken, encodeTaken } from "./deliver.js";
import { decodeSettle } from "./settlement.js";
import { decodeSubmit, encodeSubmit, type SubmittedCall } from "./submission.js";

const DELIVERY = "xmlns='urn:antiphon:delivery:1'";
const RPC = "xmlns='urn:antiphon:rpc:1'";
const call = parseElement(`<call ${RPC} fn='a.b' ttl='5' enc='json'>{}</call>`);
const plain: SubmittedCall = {
	id: "a",
	delivery: "at-least-once",
	expiresMs: 1000,
	afterMs: 0,
	orderKey: undefined,
	notify: false,
	attempts: undefined,
	backoffMs: undefined,
	maxBackoffMs: undefined,
	call,
};
const overTheWire = (calls: readonly SubmittedCall[]) => decodeSubmit(parseElement(serialize(encodeSubmit(calls))));

describe("a list", () => {
	it("has 64 items, and not one more", () => {
		const calls = Array.from({ length: 65 }, (_, i) => ({ ...plain, id: `call-${i}` }));
		expect(overTheWire(calls.slice(1)).map(({ id }) => id)).toEqual(calls.slice(1).map(({ id }) => id));
		expect(() => overTheWire(calls)).toThrow("<submit/> must have 1 to 64 <item/>, and has 65");
		expect(() => overTheWire([])).toThrow("<submit/> must have 1 to 64 <item/>, and has 0");
	});

	it("says what is wrong with one of its items, and gives the others", () => {
		const [bad, good] = overTheWire([
			{ ...plain, afterMs: 1000 },
			{ ...plain, id: "b" },
		]);
		expect(bad).toEqual({ id: "a", error: expect.any(BusError) });
		expect(bad?.error?.message).toBe("after of <item/> must be less than expires: it would never run");
		expect(good).toMatchObject({ id: "b", expiresMs: 1000 });
		expect(good?.error).toBeUndefined();
	});

	it("tells of a refusal what people need, and nothing of the inside of an internal one", () => {
		const error = new BusError("internal", "db at 10.0.0.7 said no", { cause: new Error("password=hunter2") });
		const late = new BusError("overloaded", "\0 too many", { retryAfterMs: 5 });
		const sent = serialize(
			encodeTaken([
				{ n: 1, token: 1, error },
				{ n: 2, token: 1, error: late },
			]),
		);
		expect(sent).not.toMatch(/10\.0\.0\.7|hunter2/);
		const [first, second] = decodeTaken(parseElement(sent));
		expect(first?.error).toMatchObject({ code: "internal", message: "internal error", executed: "unknown" });
		expect(second?.error).toMatchObject({ code: "overloaded", message: "\ufffd too many", retryAfterMs: 5 });
	});
});

describe("an order key", () => {
	it.each(["k", "k".repeat(128), " <&'\"> \u{1f600}", "line\nline"])("may be %j", (orderKey) => {
		expect(overTheWire([{ ...plain, orderKey }])[0]).toMatchObject({ orderKey });
	});

	it.each(["", "k".repeat(129), "\0", "\ud800"])("cannot be %j", (orderKey) => {
		expect(() => encodeSubmit([{ ...plain, orderKey }])).toThrow(
			new BusError("invalid-argument", "order must be 1 to 128 characters that XML can carry, or be left out"),
		);
	});
});

describe("what is carried in an item", () => {
	it("is not much longer when it is written than it was when it came", () => {
		const ns = `urn:${"x".repeat(20_000)}`;
		const attributes = Array.from({ length: 40 }, (_, i) => `p:a${i}=''`).join(" ");
		const bomb = `<settle ${DELIVERY}><item n='1' token='1'><reply ${RPC} xmlns:p='${ns}' ${attributes} enc='json'>7</reply></item></settle>`;
		const [item] = decodeSettle(parseElement(bomb));
		if (item === undefined || item.error !== undefined) return expect.fail("it is a reply like any other");
		expect(serialize(item.outcome.element)).toBe(`<reply ${RPC} enc='json'>7</reply>`);
	});
});
