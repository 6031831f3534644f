import { expect, it } from "vitest";
import { describeWith } from "./describe-with.js";
import { startDnsServer } from "./dns-server.js";
import { openClient } from "./plain-login.js";
import { startProsody } from "./prosody.js";
import type { XmppServer } from "./xmpp-server.js";

const clientOf = ({ c2sPort, domain }: XmppServer, user: string) =>
	openClient({ port: c2sPort, domain, user, password: "pw", resource: "r" });

describeWith(["prosody", "lua-unbound"], "Prosody servers of the kit that federate", () => {
	it("carry messages to each other, and say at once that a domain does not exist", async () => {
		await using dns = await startDnsServer();
		const [one, two] = await Promise.all([
			startProsody({ domain: "one.example", users: { alice: "pw" }, federation: dns }),
			startProsody({ domain: "two.example", users: { bob: "pw" }, federation: dns }),
		]);
		await using _one = one;
		await using _two = two;
		using alice = await clientOf(one, "alice");
		using bob = await clientOf(two, "bob");
		alice.write("<message to='bob@two.example/r'><body>from one</body></message>");
		expect((await bob.until(/<message[^>]*>(?=<body>from one)/))?.[0]).toContain("from='alice@one.example/r'");
		bob.write("<message to='alice@one.example/r'><body>from two</body></message>");
		expect(await alice.until(/<body>from two/)).toBeDefined();
		alice.write("<iq type='get' id='q' to='three.example'><ping xmlns='urn:xmpp:ping'/></iq>");
		expect(await alice.until(/<iq[^>]*type='error'.*<remote-server-not-found/)).toBeDefined();
		expect(dns.asked()).toContain("three.example A");
	}, 60_000);

	it("find each other again after a restart", async () => {
		await using dns = await startDnsServer();
		await using one = await startProsody({ domain: "one.example", users: { alice: "pw" }, federation: dns });
		await using two = await startProsody({ domain: "two.example", users: { bob: "pw" }, federation: dns });
		using alice = await clientOf(one, "alice");
		const ping = (id: string) =>
			alice.write(`<iq type='get' id='${id}' to='two.example'><ping xmlns='urn:xmpp:ping'/></iq>`);
		ping("before");
		expect(await alice.until(/<iq[^>]*id='before'[^>]*>/)).toBeDefined();
		await two.kill("SIGKILL");
		// What goes into the connection before its end is noticed is lost without an answer.
		const again = setInterval(() => ping("gone"), 200);
		try {
			expect(await alice.until(/id='gone'.*<remote-server-not-found/)).toBeDefined();
		} finally {
			clearInterval(again);
		}
		await two.restart();
		ping("after");
		const answer = await alice.until(/<iq[^>]*id='after'[^>]*>/);
		expect(answer?.[0]).toContain("type='result'");
	}, 60_000);
});
