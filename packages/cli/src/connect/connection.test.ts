import { describe, expect, it } from "vitest";
import { UsageError } from "../command-error.js";
import { parseAddress } from "./address.js";
import { type ConnectionFlags, duration, environmentOf } from "./connection.js";

const flags = (more: Partial<ConnectionFlags> = {}): ConnectionFlags => ({ timeout: 1000, ...more });

describe("a duration", () => {
	it.each([
		["500ms", 500],
		["2s", 2000],
		["0.5s", 500],
		["1m", 60_000],
		["1440m", 86_400_000],
	])("%s is %d ms", (text, ms) => expect(duration(text)).toBe(ms));

	it.each(["", "2", "s", "-1s", "0ms", "1441m", "1h", "1e3ms", " 1s", "Infinitys"])("%j is refused", (text) => {
		expect(() => duration(text)).toThrow(UsageError);
	});
});

describe("an address", () => {
	it("is a function, a service or an instance, in the domain that is stated", () => {
		expect(parseAddress("dictionary.define@fn.localhost/worker-7", flags())).toEqual({
			service: "dictionary",
			fn: "define",
			domain: "fn.localhost",
			instance: "worker-7",
			jid: "dictionary.define@fn.localhost/worker-7",
			serviceJid: "dictionary@fn.localhost/worker-7",
		});
		expect(parseAddress("dictionary@fn.localhost", flags())).toMatchObject({ service: "dictionary", fn: undefined });
	});

	it("is in --domain when it states none", () => {
		expect(parseAddress("a.b", flags({ domain: "x.example" })).jid).toBe("a.b@x.example");
	});

	it.each(["", "a@b@c", "a.b.c", "@x", "a b@x", "a/b"])("%j is refused", (text) => {
		expect(() => parseAddress(text, flags({ domain: "x.example" }))).toThrow(UsageError);
	});
});

describe("the environment of a command", () => {
	it("has the flags in the places of the variables", () => {
		const given = { url: "xmpp://h:1", password: "p", secret: "s", domain: "d", ca: "c", insecure: true };
		expect(environmentOf(flags({ ...given, jid: "a@b" }))).toMatchObject({
			ANTIPHON_URL: "xmpp://h:1",
			ANTIPHON_JID: "a@b",
			ANTIPHON_PASSWORD: "p",
			ANTIPHON_SECRET: "s",
			ANTIPHON_DOMAIN: "d",
			ANTIPHON_CA: "c",
			ANTIPHON_INSECURE: "1",
		});
	});

	it("lets a flag for one kind of link outweigh a variable for the other", () => {
		process.env["ANTIPHON_COMPONENT"] = "fn.localhost";
		expect(environmentOf(flags({ jid: "a@b" }))).toMatchObject({ ANTIPHON_JID: "a@b", ANTIPHON_COMPONENT: undefined });
		delete process.env["ANTIPHON_COMPONENT"];
	});
});
