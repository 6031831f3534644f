import { xml } from "@antiphon/xml";
import { describe, expect, it } from "vitest";
import { NS } from "../namespaces.js";
import { iq, isStanza, message, presence, resultOf } from "./stanza.js";

describe("stanzas", () => {
	it("carry type, id and addresses, and leave out what is not there", () => {
		const stanza = iq("get", { id: "1", to: "b" }, xml("ping", NS.ping));
		expect(stanza.attributes).toEqual(["type", "get", "id", "1", "to", "b"]);
		expect(stanza.child("ping", NS.ping)).toBeDefined();
		expect(message({ to: "b" }, xml("body", NS.client, {}, "x")).attributes).toEqual(["to", "b"]);
		expect(presence({ type: "unavailable" }).attributes).toEqual(["type", "unavailable"]);
	});

	it("are iq, message and presence in the namespace of a client stream, and nothing else", () => {
		for (const name of ["iq", "message", "presence"]) {
			expect(isStanza(xml(name, NS.client))).toBe(true);
			expect(isStanza(xml(name, "urn:other"))).toBe(false);
		}
		expect(isStanza(xml("features", NS.client))).toBe(false);
	});

	it("are answered with addresses exchanged and the id kept", () => {
		const result = resultOf(iq("get", { id: "7", to: "b", from: "a" }), xml("ping", NS.ping));
		expect(result.attributes).toEqual(["type", "result", "id", "7", "to", "a", "from", "b"]);
		expect(result.elements()).toHaveLength(1);
	});

	it("are answered without addresses where there were none, as between a client and its server", () => {
		expect(resultOf(iq("set", { id: "7" })).attributes).toEqual(["type", "result", "id", "7"]);
	});
});
