import { createServer, type Socket } from "node:net";
import { type EmbeddedServer, startServer } from "@antiphon/server";
import { BusError, clientLink, createNode, linkFromEnv } from "antiphon";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { makeCertificate } from "../../../../test/kit/src/index.js";
import { inCommandWords, settingProblem } from "./wording.js";

// What the library says is made by the library: who words it anew there learns here what the command makes of it.

const [own, other] = ["localhost", "example.net"].map((domain) => makeCertificate({ domains: [domain] })) as [
	ReturnType<typeof makeCertificate>,
	ReturnType<typeof makeCertificate>,
];
/** The library's own words for its options, which nobody who uses the command can give. */
const OPTIONS = /\binsecure: true\b|(?<!-)\bca\b|\bservername\b/;

describe("an error of a link", () => {
	const servers: EmbeddedServer[] = [];
	let plaintext: EmbeddedServer;
	let signed: EmbeddedServer;
	let misnamed: EmbeddedServer;

	beforeAll(async () => {
		const start = async (tls?: { key: string; cert: string }) => {
			const ports = { port: 0, componentPort: 0, ...(tls && { tls, tlsPort: 0 }) };
			const server = await startServer({ ...ports, users: { me: "x" } });
			servers.push(server);
			return server;
		};
		plaintext = await start();
		signed = await start(own);
		misnamed = await start(other);
	});
	afterAll(() => Promise.all(servers.map((server) => server.close())));

	/** The message with which no node comes about. */
	async function refusal(url: string, ca?: string): Promise<string> {
		const link = clientLink({ url, jid: "me@localhost", password: "x", ...(ca !== undefined && { ca }) });
		try {
			await (await createNode({ link, limits: { connectTimeoutMs: 10_000 } })).close();
		} catch (error) {
			return BusError.from(error).message;
		}
		throw new Error("it was not refused");
	}

	/** A server that does as told with whoever connects. @returns its port */
	async function serving(greet: (socket: Socket) => void): Promise<number> {
		const server = createServer((socket) => {
			socket.on("error", () => {}).once("data", () => greet(socket));
		});
		onTestFinished(() => void server.close());
		await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
		return (server.address() as { port: number }).port;
	}

	const FEATURES =
		"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' from='localhost' id='1' version='1.0'>" +
		"<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms></stream:features>";
	/** TLS: fatal, unrecognized_name (RFC 6066, section 3). */
	const ALERT = Uint8Array.of(21, 3, 3, 0, 2, 2, 112);

	it.each([
		["plaintext", () => refusal(`xmpp://127.0.0.1:${plaintext.port}`, own.ca), "--insecure (ANTIPHON_INSECURE=1)"],
		["an unknown authority", () => refusal(`xmpps://127.0.0.1:${signed.tlsPort}`), "signed it with --ca (ANTIPHON_CA)"],
		["another's name", () => refusal(`xmpps://127.0.0.1:${misnamed.tlsPort}`, other.ca), "Check the domain"],
		[
			"no certificate for the name",
			async () => refusal(`xmpps://127.0.0.1:${await serving((socket) => socket.write(ALERT))}`),
			"Check the domain",
		],
		[
			"a password in the clear",
			async () => refusal(`xmpp://127.0.0.1:${await serving((socket) => socket.write(FEATURES))}`),
			"give --ca (ANTIPHON_CA)",
		],
	])("that is about %s names flags and variables instead of options", async (_, refused, advice) => {
		const message = await refused();
		expect(message).toMatch(OPTIONS);
		expect(inCommandWords(message)).toContain(advice);
		expect(inCommandWords(message)).not.toMatch(OPTIONS);
	});

	it("that is about none is as it was", () => {
		expect(inCommandWords("a local host has no account")).toBe("a local host has no account");
	});
});

describe("a problem with the settings of the link", () => {
	const GOOD = { ANTIPHON_URL: "xmpp://127.0.0.1", ANTIPHON_JID: "me@localhost", ANTIPHON_PASSWORD: "x" };
	const COMPONENT = { ANTIPHON_URL: "xmpp://127.0.0.1", ANTIPHON_SECRET: "x" };

	function problem(env: Readonly<Record<string, string>>): string {
		try {
			linkFromEnv(env);
		} catch (error) {
			return BusError.from(error).message;
		}
		throw new Error("nothing is wrong");
	}

	it.each([
		["--jid ", { ...GOOD, ANTIPHON_JID: "x" }, { jid: "x" }],
		["--jid: ", { ...GOOD, ANTIPHON_JID: "@" }, { jid: "@" }],
		["ANTIPHON_JID ", { ...GOOD, ANTIPHON_JID: "x" }, {}],
		["--url must be ", { ...GOOD, ANTIPHON_URL: "y" }, { url: "y" }],
		["ANTIPHON_URL holds ", { ...GOOD, ANTIPHON_URL: "xmpp://a:b@c" }, {}],
		["--ca: ", { ...GOOD, ANTIPHON_CA: "/nowhere" }, { ca: "/nowhere" }],
		["ANTIPHON_CA: ", { ...GOOD, ANTIPHON_CA: "/nowhere" }, {}],
		["--component is not a domain: a@b", { ...COMPONENT, ANTIPHON_COMPONENT: "a@b" }, { component: "a@b" }],
		["ANTIPHON_COMPONENT: ", { ...COMPONENT, ANTIPHON_COMPONENT: "@" }, {}],
		["set ANTIPHON_URL or --url: ", {}, {}],
		["set ANTIPHON_JID or --jid: ", { ANTIPHON_URL: GOOD.ANTIPHON_URL }, {}],
		["set ANTIPHON_PASSWORD or --password: ", { ...GOOD, ANTIPHON_PASSWORD: "" }, {}],
		["set ANTIPHON_SECRET or --secret: ", { ...COMPONENT, ANTIPHON_SECRET: "", ANTIPHON_COMPONENT: "a.b" }, {}],
	] as const)("begins with %j, for %j with the flags %j", (beginning, env, flags) => {
		expect(settingProblem(problem(env), flags).slice(0, beginning.length)).toBe(beginning);
	});
});
