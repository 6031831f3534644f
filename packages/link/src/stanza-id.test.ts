import { describe, expect, it } from "vitest";
import { stanzaId } from "./stanza-id.js";

describe("stanzaId", () => {
	it("gives 128 bits as 22 characters of base64url, and never the same twice", () => {
		const ids = Array.from({ length: 10_000 }, stanzaId);
		for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9_-]{21}[AQgw]$/);
		expect(new Set(ids).size).toBe(ids.length);
	});
});
