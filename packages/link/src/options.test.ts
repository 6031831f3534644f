import { describe, expect, it } from "vitest";
import { clientSettings, componentSettings } from "./options.js";

const account = { url: "xmpp://localhost:5222", jid: "user@example.org", password: "pw" };
const invalid = expect.objectContaining({ code: "invalid-argument" });

describe("The options of a client link", () => {
	it("have the documented defaults", () => {
		expect(clientSettings(account)).toMatchObject({
			url: { tls: false, host: "localhost", port: 5222 },
			domain: "example.org",
			tls: { ca: undefined, servername: "example.org" },
			insecure: false,
			pingTo: "example.org",
			maxStanzaBytes: undefined,
			maxIncomingStanzaBytes: 524_288,
			maxBufferedBytes: 16_777_216,
			attemptMs: 10_000,
			backoff: { minMs: 100, maxMs: 30_000 },
		});
		const { liveness } = clientSettings(account);
		expect(liveness.quietMs + liveness.replyMs).toBeLessThan(20_000);
		expect(liveness.stallMs + liveness.quietMs).toBeLessThan(20_000);
	});

	it("take the resource from the JID, or from its own option", () => {
		expect(clientSettings({ ...account, jid: "user@example.org/a" })).toMatchObject({ resource: "a" });
		expect(clientSettings({ ...account, jid: "user@example.org/a", resource: "b" })).toMatchObject({ resource: "b" });
		expect(clientSettings({ ...account, jid: "USER@Example.ORG/a" }).jid.toString()).toBe("user@example.org");
	});

	it("understand IPv6 addresses and URLs without a port", () => {
		expect(clientSettings({ ...account, url: "xmpps://[::1]:99" }).url).toEqual({ tls: true, host: "::1", port: 99 });
		expect(clientSettings({ ...account, url: "xmpp://example.org" }).url.port).toBeUndefined();
		expect(clientSettings({ ...account, url: "xmpp://example.org/" }).url.host).toBe("example.org");
	});

	it.each([
		[{ url: "http://example.org" }],
		[{ url: "example.org" }],
		[{ url: "xmpp://" }],
		[{ url: "xmpp://user@example.org" }],
		[{ url: "xmpp://user:secret@example.org" }],
		[{ url: "xmpp://example.org/path" }],
		[{ url: "xmpp://example.org?x=1" }],
		[{ url: "xmpp://exa mple.org" }],
		[{ jid: "example.org" }],
		[{ jid: "@" }],
		[{ jid: "" }],
		[{ password: "" }],
		[{ resource: "\0" }],
		[{ pingTo: "@" }],
		[{ limits: { maxStanzaBytes: 0 } }],
		[{ limits: { maxBufferedBytes: Number.NaN } }],
		[{ limits: { maxBytes: 1 } as object }],
		[{ timeouts: { attemptMs: -1 } }],
		[{ timeouts: { quietMs: Number.POSITIVE_INFINITY } }],
		[{ timeouts: { stallMs: 2 ** 31 } }],
	])("are refused when they cannot be: %j", (wrong) => {
		expect(() => clientSettings({ ...account, ...wrong })).toThrow(invalid);
	});

	it("never show a password in the message", () => {
		try {
			clientSettings({ ...account, url: "xmpp://user:hunter2@example.org" });
			expect.unreachable();
		} catch (error) {
			expect(String(error)).not.toContain("hunter2");
		}
	});
});

describe("The options of a component link", () => {
	it("take the certificate's name from the url: a component's domain is rarely in it", () => {
		const settings = componentSettings({ url: "xmpps://xmpp.example.org", domain: "FN.example.org", secret: "s" });
		expect(settings).toMatchObject({ domain: "fn.example.org", tls: { servername: "xmpp.example.org" } });
	});

	it.each([[{ domain: "a@example.org" }], [{ domain: "example.org/x" }], [{ domain: "" }], [{ secret: "" }]])(
		"are refused when they cannot be: %j",
		(wrong) => {
			expect(() => componentSettings({ url: "xmpp://localhost", domain: "fn", secret: "s", ...wrong })).toThrow(
				invalid,
			);
		},
	);
});
