import { xml } from "@antiphon/xml";
import { describe, expect, it } from "vitest";
import { MAX_ERROR_TEXT_CHARS } from "../limits.js";
import { NS } from "../namespaces.js";
import { iq } from "./stanza.js";
import {
	decodeStanzaError,
	encodeStanzaError,
	errorOf,
	STANZA_CONDITIONS,
	STANZA_ERROR_TYPES,
} from "./stanza-error.js";

const asked = iq("get", { id: "7", from: "a@b/c", to: "d@e" }, xml("secret", "urn:x", {}, "input"));

describe("stanza errors", () => {
	it.each(STANZA_CONDITIONS)("carry the condition %s with every type", (condition) => {
		for (const type of STANZA_ERROR_TYPES) {
			const error = { condition, type, text: "why", application: undefined };
			expect(decodeStanzaError(errorOf(asked, error))).toEqual(error);
		}
	});

	it("go back to whoever asked, with the id, and without an echo of what was asked", () => {
		const stanza = errorOf(asked, { condition: "forbidden", type: "auth" });
		expect(stanza.attributes).toEqual(["type", "error", "id", "7", "to", "a@b/c", "from", "d@e"]);
		expect(stanza.elements().map((element) => element.name)).toEqual(["error"]);
	});

	it("carry one condition of an application, ours before a stranger's", () => {
		const ours = xml("fault", NS.rpc, { code: "conflict" });
		const other = xml("hint", "urn:x");
		const stanza = errorOf(asked, { condition: "conflict", type: "cancel", application: ours });
		expect(decodeStanzaError(stanza).application).toEqual(ours);
		const error = stanza.child("error")?.withChildren(xml("conflict", NS.stanzaErrors), other, ours);
		expect(decodeStanzaError(stanza.withChildren(error ?? "")).application).toEqual(ours);
		const without = error?.withChildren(xml("conflict", NS.stanzaErrors), other);
		expect(decodeStanzaError(stanza.withChildren(without ?? "")).application).toEqual(other);
	});

	it("are undefined-condition, cancel, where there is nothing known to read", () => {
		const nothing = { condition: "undefined-condition", type: "cancel", text: undefined, application: undefined };
		expect(decodeStanzaError(iq("error", {}))).toEqual(nothing);
		expect(decodeStanzaError(iq("error", {}, xml("error", "urn:other", { type: "wait" })))).toEqual(nothing);
		expect(
			decodeStanzaError(iq("error", {}, xml("error", NS.client, { type: "sulk" }, xml("huh", NS.stanzaErrors)))),
		).toEqual(nothing);
		// A condition outside its namespace is none.
		const stray = xml("error", NS.client, {}, xml("conflict", NS.client));
		expect(decodeStanzaError(iq("error", {}, stray)).condition).toBe("undefined-condition");
	});

	it("replace in their text what XML cannot carry", () => {
		const encoded = encodeStanzaError({ condition: "conflict", type: "cancel", text: "a\0b\x1b[31m\ufffe\ud800\n\tc" });
		expect(encoded.child("text")?.text()).toBe("a\ufffdb\ufffd[31m\ufffd\ufffd\n\tc");
	});

	it("cut their text, and not into half an emoji", () => {
		const long = `${"x".repeat(MAX_ERROR_TEXT_CHARS - 1)}😀 and more`;
		const text = encodeStanzaError({ condition: "conflict", type: "cancel", text: long }).child("text")?.text() ?? "";
		expect(text).toHaveLength(MAX_ERROR_TEXT_CHARS);
		expect(text.isWellFormed()).toBe(true);
		const received = xml("error", NS.client, {}, xml("text", NS.stanzaErrors, {}, long));
		expect(decodeStanzaError(iq("error", {}, received)).text).toHaveLength(MAX_ERROR_TEXT_CHARS);
	});
});
