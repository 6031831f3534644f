import { connect } from "node:net";
import { NS } from "@antiphon/protocol";
import { xml } from "@antiphon/xml";
import { expect, it } from "vitest";
import { TEST_TLS } from "./testing/certificate.js";
import { RawClient } from "./testing/raw-client.js";
import { eventually, recordingLog, startTestServer } from "./testing/start.js";

it("secures a stream by STARTTLS, after which a new stream begins", async () => {
	await using server = await startTestServer({ tls: TEST_TLS, requireTls: true });
	using client = await RawClient.connect(server.port);
	const features = await client.features();
	expect(features.child("starttls", NS.tls)?.child("required", NS.tls)).toBeDefined();
	expect(features.child("mechanisms", NS.sasl)).toBeUndefined();
	using secured = await RawClient.connect(server.port);
	await secured.starttls(TEST_TLS.cert);
	await secured.authenticate("a", "pw");
	await secured.bind("x");
	expect(secured.jid).toBe("a@localhost/x");
	expect(await secured.settle()).toEqual([]);
});

it("secures a connection by direct TLS", async () => {
	await using server = await startTestServer({ tls: TEST_TLS, tlsPort: 0 });
	using looker = await RawClient.connectTls(server.tlsPort as number, TEST_TLS.cert);
	expect((await looker.features()).child("starttls", NS.tls)).toBeUndefined();
	using client = await RawClient.connectTls(server.tlsPort as number, TEST_TLS.cert);
	await client.authenticate("a", "pw");
	await client.bind();
	expect(await client.settle()).toEqual([]);
});

it("refuses what is sent behind <starttls/> before TLS (CVE-2011-0411)", async () => {
	const log = recordingLog();
	await using server = await startTestServer({ tls: TEST_TLS, log });
	using client = await RawClient.connect(server.port);
	await client.features();
	client.write(`<starttls xmlns='${NS.tls}'/><auth xmlns='${NS.sasl}' mechanism='PLAIN'>AGEAcHc=</auth>`);
	expect((await client.next()).is("failure", NS.tls)).toBe(true);
	await client.untilClosed();
	expect(client.take()).toEqual([]);
	expect(log.lines.join("\n")).toContain("sent data behind <starttls/>");
});

it("lets white space behind <starttls/> pass, which some clients send", async () => {
	await using server = await startTestServer({ tls: TEST_TLS });
	using client = await RawClient.connect(server.port);
	await client.features();
	client.write(`<starttls xmlns='${NS.tls}'/>\r\n\t `);
	expect((await client.next()).is("proceed", NS.tls)).toBe(true);
});

it("refuses a login before TLS where TLS is required", async () => {
	await using server = await startTestServer({ tls: TEST_TLS, requireTls: true });
	using client = await RawClient.connect(server.port);
	await client.features();
	client.send(xml("auth", NS.sasl, { mechanism: "PLAIN" }, "AGEAcHc="));
	expect((await client.next()).child()?.name).toBe("encryption-required");
});

it("refuses STARTTLS without a certificate, and a second time", async () => {
	await using plain = await startTestServer();
	using first = await RawClient.connect(plain.port);
	await first.features();
	first.send(xml("starttls", NS.tls));
	expect((await first.next()).is("failure", NS.tls)).toBe(true);
	await first.untilClosed();

	await using secure = await startTestServer({ tls: TEST_TLS });
	using second = await RawClient.connect(secure.port);
	await second.starttls(TEST_TLS.cert);
	await second.features();
	second.send(xml("starttls", NS.tls));
	expect((await second.next()).is("failure", NS.tls)).toBe(true);
});

it("survives a broken handshake on both ports, and forgets the socket", async () => {
	await using server = await startTestServer({ tls: TEST_TLS, tlsPort: 0 });
	using starttls = await RawClient.connect(server.port);
	await starttls.features();
	starttls.send(xml("starttls", NS.tls));
	await starttls.next();
	starttls.write("this is no TLS at all, is it? <iq/>");
	await starttls.untilClosed();
	const direct = connect(server.tlsPort as number, "127.0.0.1").on("error", () => {});
	direct.write("GET / HTTP/1.1\r\n\r\n");
	await new Promise((resolve) => direct.once("close", resolve));
	await eventually(() => server.stats().connections === 0, "no connection left");
	expect(server.stats().unauthenticated).toBe(0);
});

it("ends a handshake that never comes when the time to log in is over", async () => {
	await using server = await startTestServer({ tls: TEST_TLS, tlsPort: 0, limits: { loginTimeoutMs: 50 } });
	const mute = connect(server.tlsPort as number, "127.0.0.1").on("error", () => {});
	mute.resume();
	await new Promise((resolve) => mute.once("close", resolve));
	await eventually(() => server.stats().connections === 0, "no connection left");
});
