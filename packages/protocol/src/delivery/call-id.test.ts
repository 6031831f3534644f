import { parseElement } from "@antiphon/xml";
import { describe, expect, it } from "vitest";
import { decodeCallHead } from "../call/call.js";
import { Jid } from "../jid.js";
import { callDigest, callIdOf } from "./call-id.js";

const sender = Jid.parse("caller@example.org/desk");

describe("the id that a key stands for", () => {
	it("is the same in every implementation", () => {
		// printf 'caller@example.org\ndictionary.learn\norder 7' | sha256sum, in base64url
		expect(callIdOf(sender, "dictionary.learn", "order 7")).toBe("OFw9j-NiW9z-sc5TQFyTRV");
	});

	it("is the same from each resource and however the function is spelled, and another for all else", () => {
		const id = callIdOf(sender, "a.getWord", "k");
		expect(id).toMatch(/^[A-Za-z0-9_-]{22}$/);
		expect(callIdOf(Jid.parse("caller@example.org/phone"), "a.getword", "k")).toBe(id);
		const others = [
			callIdOf(Jid.parse("other@example.org"), "a.getWord", "k"),
			callIdOf(sender, "a.getWords", "k"),
			callIdOf(sender, "a.getWord", "K"),
			callIdOf(sender, "a.getWord", "k\n"),
		];
		expect(new Set([id, ...others]).size).toBe(5);
	});

	it.each(["", "\ud800"])("is refused for the key %j", (key) => {
		expect(() => callIdOf(sender, "a.b", key)).toThrow(expect.objectContaining({ code: "invalid-argument" }));
	});
});

describe("the digest of a call", () => {
	const digest = (attributes: string, text = "{}") => {
		const call = parseElement(`<call xmlns='urn:antiphon:rpc:1' ttl='5' ${attributes}>${text}</call>`);
		return callDigest(call, decodeCallHead(call));
	};
	const base = digest("fn='a.getWord' v='1.2.3' enc='json'");

	it("does not see what may differ between a call and its repeat", () => {
		expect(digest("fn='a.getword' v='1.0.0' enc='json'")).toBe(base);
		const trace = "traceparent='00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'";
		expect(digest(`fn='a.getWord' v='1.2.3' enc='json' for='a@b' ${trace}`)).toBe(base);
	});

	it("sees all else", () => {
		const others = [
			digest("fn='a.getWords' v='1.2.3' enc='json'"),
			digest("fn='a.getWord' v='2.2.3' enc='json'"),
			digest("fn='a.getWord' enc='json'"),
			digest("fn='a.getWord' v='1.2.3' enc='msgpack'"),
			digest("fn='a.getWord' v='1.2.3' enc='json'", "{ }"),
		];
		expect(new Set([base, ...others]).size).toBe(6);
	});
});
