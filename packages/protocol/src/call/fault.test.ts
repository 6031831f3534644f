import { type Element, parseElement, serialize, xml } from "@antiphon/xml";
import { describe, expect, it } from "vitest";
import { BUS_ERROR_CODES, BusError, type BusErrorCode } from "../errors.js";
import { Jid } from "../jid.js";
import { NS } from "../namespaces.js";
import { iq } from "../stanza/stanza.js";
import { decodeStanzaError, errorOf, STANZA_CONDITIONS, type StanzaCondition } from "../stanza/stanza-error.js";
import { decodeFault, decodeFaultAlone, encodeFault, encodeFaultAlone } from "./fault.js";
import { ENCODINGS, type Encoding } from "./payload/payload.js";

const asked = iq("set", { id: "7", from: "a@b/c", to: "d@e/f" });

/** Through real XML, as it travels. */
function travel(error: BusError, encoding: Encoding = "json"): BusError {
	const stanza = parseElement(serialize(errorOf(asked, encodeFault(error, encoding)), ""));
	return decodeFault(decodeStanzaError(stanza));
}

const ON_THE_WIRE: Record<BusErrorCode, string> = {
	"invalid-argument": "bad-request modify",
	unimplemented: "feature-not-implemented cancel",
	"not-found": "item-not-found cancel",
	unavailable: "service-unavailable wait",
	forbidden: "forbidden auth",
	unauthenticated: "not-authorized auth",
	overloaded: "resource-constraint wait",
	"too-large": "policy-violation modify",
	conflict: "conflict cancel",
	fault: "undefined-condition cancel",
	internal: "internal-server-error cancel",
	"deadline-exceeded": "remote-server-timeout wait",
	cancelled: "undefined-condition cancel",
	"link-lost": "recipient-unavailable wait",
	protocol: "undefined-condition cancel",
};

const CALLERS_OWN: readonly BusErrorCode[] = ["cancelled", "link-lost", "protocol"];
const PROVIDERS = BUS_ERROR_CODES.filter((code) => !CALLERS_OWN.includes(code));

describe("a failed call", () => {
	it.each(BUS_ERROR_CODES)("with the code %s has its condition and type", (code) => {
		const encoded = encodeFault(new BusError(code, "why", { name: "unknown-word" }), "json");
		expect(`${encoded.condition} ${encoded.type}`).toBe(ON_THE_WIRE[code]);
	});

	it.each(CALLERS_OWN)("is not believed to be %s, which only the caller itself can find out", (code) => {
		for (const [stated, executed] of [
			["yes", "yes"],
			["no", "unknown"],
			["unknown", "unknown"],
		] as const) {
			const arrived = travel(new BusError(code, "why", { executed: stated }));
			expect(arrived).toMatchObject({ code: "protocol", executed });
			expect(arrived.message).toContain(`the code ${code}, which`);
			expect(arrived.message).toContain("why");
		}
	});

	it.each(PROVIDERS)("with the code %s arrives as that code", (code) => {
		for (const executed of ["yes", "no", "unknown"] as const) {
			const arrived = travel(new BusError(code, "why", { executed, name: "unknown-word", cause: new Error("secret") }));
			expect(arrived).toBeInstanceOf(BusError);
			expect(arrived).toMatchObject({ code, executed, name: code === "fault" ? "unknown-word" : "BusError" });
			expect(arrived.message).toBe(code === "internal" ? "internal error" : "why");
			expect(arrived.cause).toBeUndefined();
		}
	});

	it.each(ENCODINGS)("brings the data of a declared fault along in %s", (encoding) => {
		for (const data of [undefined, null, "", "x", 0, [], { near: ["xml", "ℹ️"], deep: { a: [1, 2, { b: null }] } }]) {
			expect(travel(new BusError("fault", "why", { name: "unknown-word", data }), encoding).data).toEqual(data);
		}
	});

	it("says when to try again, in whole milliseconds of a day at most", () => {
		const retryAfterMs = (given: number) =>
			travel(new BusError("overloaded", "x", { retryAfterMs: given })).retryAfterMs;
		expect(retryAfterMs(250)).toBe(250);
		expect(retryAfterMs(0.2)).toBe(1);
		expect(retryAfterMs(0)).toBe(0);
		expect(retryAfterMs(-5)).toBe(0);
		expect(retryAfterMs(1e12)).toBe(86_400_000);
		expect(retryAfterMs(Number.POSITIVE_INFINITY)).toBe(86_400_000);
		expect(retryAfterMs(Number.NaN)).toBeUndefined();
		expect(travel(new BusError("overloaded", "x")).retryAfterMs).toBeUndefined();
	});

	it("leaks nothing of an internal error", () => {
		const cause = new Error("password=hunter2");
		const error = new BusError("internal", "db at 10.0.0.7 said no", { data: { secret: 1 }, name: "secret", cause });
		const stanza = serialize(errorOf(asked, encodeFault(error, "json")), NS.client);
		expect(stanza).not.toMatch(/hunter2|10\.0\.0\.7|secret|stack/);
		const foreign = serialize(errorOf(asked, encodeFault(BusError.from(cause), "json")), NS.client);
		expect(foreign).not.toContain("hunter2");
	});

	it("sends no data but that of a declared fault", () => {
		const encoded = encodeFault(new BusError("conflict", "x", { data: { secret: 1 } }), "json").application;
		expect(encoded?.children).toEqual([]);
		expect(encoded?.attr("enc")).toBeUndefined();
	});

	it("does not break the XML, whatever its message quotes", () => {
		const nasty = "\0\x01\x0b\x1b]]>&<a b='\"'>\ufffe\uffff\ud800\udc00 \udc00 \r\n\t\u2028";
		for (const code of PROVIDERS) {
			const message = travel(new BusError(code, nasty, { name: "x" })).message;
			if (code !== "internal")
				expect(message).toBe("\ufffd\ufffd\ufffd\ufffd]]>&<a b='\"'>\ufffd\ufffd𐀀 \ufffd \r\n\t\u2028");
		}
	});

	it("is refused when its name or its data cannot be carried", () => {
		for (const name of ["", "a b", "a\0b", "é", "x".repeat(129), "<x>"]) {
			expect(() => encodeFault(new BusError("fault", "x", { name }), "json")).toThrow(
				expect.objectContaining({ code: "invalid-argument" }),
			);
		}
		for (const data of [Number.NaN, new Date(0), { a: () => 1 }, "\ud800"]) {
			expect(() => encodeFault(new BusError("fault", "x", { name: "f", data }), "msgpack")).toThrow(
				expect.objectContaining({ code: "invalid-argument" }),
			);
		}
	});
});

describe("an error without <fault/>", () => {
	const MEANING: Record<StanzaCondition, string> = {
		"bad-request": "invalid-argument no",
		conflict: "conflict no",
		"feature-not-implemented": "unimplemented no",
		forbidden: "forbidden no",
		gone: "not-found no",
		"internal-server-error": "internal unknown",
		"item-not-found": "not-found no",
		"jid-malformed": "invalid-argument no",
		"not-acceptable": "invalid-argument no",
		"not-allowed": "forbidden no",
		"not-authorized": "unauthenticated no",
		"policy-violation": "too-large no",
		"recipient-unavailable": "unavailable unknown",
		redirect: "protocol unknown",
		"registration-required": "forbidden no",
		"remote-server-not-found": "unavailable no",
		"remote-server-timeout": "unavailable no",
		"resource-constraint": "overloaded no",
		"service-unavailable": "unavailable no",
		"subscription-required": "forbidden no",
		"undefined-condition": "protocol unknown",
		"unexpected-request": "protocol unknown",
	};

	it.each(STANZA_CONDITIONS)("and the condition %s has one meaning, with whatever type", (condition) => {
		for (const type of ["cancel", "wait"] as const) {
			const error = decodeFault(decodeStanzaError(errorOf(asked, { condition, type })));
			expect(`${error.code} ${error.executed}`).toBe(MEANING[condition]);
			expect(error.message).toContain(condition);
		}
	});

	it("keeps the server's text", () => {
		const stanza = errorOf(asked, { condition: "item-not-found", type: "cancel", text: "no such user" });
		expect(decodeFault(decodeStanzaError(stanza)).message).toBe("no such user");
	});

	it("names the domain to which there is no way, whatever the server says of it", () => {
		const to = Jid.parse("dictionary.define@fn.example.org/x");
		const said = (condition: StanzaCondition, text?: string) =>
			decodeFault({ condition, type: "cancel", text }, to).message;
		expect(said("remote-server-not-found", "connection refused")).toBe(
			"fn.example.org cannot be reached: connection refused",
		);
		expect(said("remote-server-timeout", "Component unavailable")).toBe(
			"fn.example.org cannot be reached: Component unavailable",
		);
		expect(said("remote-server-not-found")).toContain("nobody answers at dictionary.define@fn.example.org/x");
		expect(said("service-unavailable", "not here")).toBe("not here");
	});

	it("is not fooled by the fault of another namespace", () => {
		const application = xml("fault", "urn:antiphon:rpc:2", { code: "fault", executed: "yes" });
		const error = decodeFault({ condition: "service-unavailable", type: "cancel", application });
		expect(error).toMatchObject({ code: "unavailable", executed: "no" });
	});
});

describe("a malformed <fault/>", () => {
	const decode = (attributes: Record<string, string>, ...children: (string | Element)[]) =>
		decodeFault({
			condition: "undefined-condition",
			type: "cancel",
			application: xml("fault", NS.rpc, attributes, ...children),
		});

	it("is the code protocol, with what it says about the run, and never an exception", () => {
		for (const executed of ["yes", "no"] as const) {
			for (const [attributes, ...children] of [
				[{}],
				[{ code: "" }],
				[{ code: "made-up" }],
				[{ code: "toString" }],
				[{ code: "fault", enc: "json" }, "1"],
				[{ code: "fault", name: "", enc: "json" }, "1"],
				[{ code: "fault", name: "a b", enc: "json" }, "1"],
				[{ code: "fault", name: "x".repeat(129), enc: "json" }, "1"],
				[{ code: "fault", name: "x" }, "1"],
				[{ code: "fault", name: "x", enc: "cbor" }, "1"],
				[{ code: "fault", name: "x", enc: "json" }, "{"],
				[{ code: "fault", name: "x", enc: "msgpack" }, "!"],
				[{ code: "fault", name: "x", enc: "json" }, xml("a", "urn:x")],
			] as [Record<string, string>, ...(string | Element)[]][]) {
				expect(decode({ executed, ...attributes }, ...children)).toMatchObject({ code: "protocol", executed });
			}
		}
	});

	it("leaves open whether the call ran when it does not say so in so many words", () => {
		for (const executed of [undefined, "", "maybe", "YES"]) {
			const error = decode({ code: "conflict", ...(executed === undefined ? {} : { executed }) });
			expect(error).toMatchObject({ code: "conflict", executed: "unknown" });
		}
	});

	it("has no time to wait when that is no whole number of milliseconds", () => {
		for (const text of ["", "-1", "1.5", "1e3", "NaN", "9999999999", "٣"]) {
			expect(decode({ code: "overloaded", "retry-after": text }).retryAfterMs).toBeUndefined();
		}
		expect(decode({ code: "overloaded", "retry-after": "999999999" }).retryAfterMs).toBe(86_400_000);
	});
});

describe("a fault without a stanza error around it", () => {
	const travelAlone = (error: BusError, encoding: Encoding = "json") =>
		decodeFaultAlone(parseElement(serialize(encodeFaultAlone(error, encoding))));

	it.each([...PROVIDERS, "cancelled" as const])("arrives with the code %s, and what it says to people", (code) => {
		for (const executed of ["yes", "no", "unknown"] as const) {
			const data = code === "fault" ? { near: ["xml"] } : undefined;
			const error = new BusError(code, "why <&\n'\">", { executed, name: "unknown-word", data, retryAfterMs: 7 });
			const arrived = travelAlone(error, "msgpack");
			const message = code === "internal" ? "internal error" : "why <&\n'\">";
			expect(arrived).toMatchObject({ code, executed, message, name: error.name, data });
			expect(arrived.retryAfterMs).toBe(code === "fault" ? undefined : 7);
		}
	});

	it.each(["link-lost", "protocol"] as const)("is not believed to be %s", (code) => {
		expect(travelAlone(new BusError(code, "why", { executed: "no" }))).toMatchObject({
			code: "protocol",
			executed: "unknown",
			message: `the provider answered with the code ${code}, which only the side of the caller can have: why`,
		});
	});

	it("may say nothing, and says no more than an error may", () => {
		expect(travelAlone(new BusError("conflict", ""))).toMatchObject({ message: "conflict" });
		expect(travelAlone(new BusError("conflict", "x".repeat(5000))).message).toHaveLength(1024);
		const given = xml("fault", NS.rpc, { code: "conflict", executed: "no", text: "x".repeat(5000) });
		expect(decodeFaultAlone(given).message).toHaveLength(1024);
	});
});
