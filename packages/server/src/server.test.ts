import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { iq, message, NS, presence } from "@antiphon/protocol";
import { type Element, serialize, xml } from "@antiphon/xml";
import { describe, expect, it } from "vitest";
import { ListenError } from "./listener.js";
import type { RoutedStanza } from "./options.js";
import { startServer } from "./server.js";
import { RawClient } from "./testing/raw-client.js";
import { eventually, recordingLog, startTestServer } from "./testing/start.js";

describe("A server", () => {
	it.each(["port", "componentPort"] as const)(
		"says which %s is busy, and the way out, and leaves nothing open",
		async (option) => {
			const holder = createServer().listen(0, "127.0.0.1");
			await new Promise((resolve) => holder.once("listening", resolve));
			const { port } = holder.address() as { port: number };
			const error = await startTestServer({ [option]: port }).catch((thrown: unknown) => thrown);
			expect(error).toBeInstanceOf(ListenError);
			expect(error).toMatchObject({ code: "EADDRINUSE", port });
			expect((error as Error).message).toBe(
				`port ${port} on 127.0.0.1 is in use: stop what uses it, or choose another ${option}, or 0 for any free port`,
			);
			await new Promise((resolve) => holder.close(resolve));
			await using _server = await startTestServer({ [option]: port });
		},
	);

	it.each([
		[{ domain: "a@b" }, 'domain: "a@b" is not a domain'],
		[{ components: { localhost: "x" } }, "components: localhost is the domain of the server itself"],
		[{ components: { "fn.localhost": "" } }, "the secret of fn.localhost is empty"],
		[{ port: 70_000 }, "port must be a number from 0"],
		[{ tlsPort: 0 }, "tlsPort needs tls"],
		[{ requireTls: true }, "requireTls needs tls"],
		[{ users: { "a b": "pw" } }, "local part"],
		[{ users: { a: "" } }, 'the password of "a" is empty'],
		[{ users: { a: "x", A: "y" } }, "there is an account a@localhost already"],
		[{ limits: { maxAccounts: 1 } }, "limits.maxAccounts"],
	])("refuses wrong options: %j", async (options, problem) => {
		await expect(startTestServer(options)).rejects.toThrow(problem);
	});

	it("runs beside others in one process", async () => {
		await using one = await startTestServer();
		await using two = await startTestServer({ domain: "two.example", users: { a: "other" }, components: {} });
		using a = await RawClient.login(one.port, "a", "pw");
		await expect(RawClient.login(two.port, "a", "pw")).rejects.toThrow("connection closed");
		expect([one.domain, two.domain, one.host]).toEqual(["localhost", "two.example", "127.0.0.1"]);
		a.send(iq("get", { id: "1", to: "a@two.example" }, xml("ping", NS.ping)));
		expect(serialize(await a.next())).toContain("remote-server-not-found");
	});

	it("takes users while it runs", async () => {
		await using server = await startTestServer();
		server.addUser("Late", "pw");
		using late = await RawClient.login(server.port, "late", "pw", "x");
		expect(late.jid).toBe("late@localhost/x");
		expect(() => server.addUser("late", "pw")).toThrow("already");
	});

	it("refuses a name that no account can have, whether it comes as an option or later", async () => {
		const refused = { code: "invalid-argument", message: expect.stringContaining('"two words"') };
		await expect(startTestServer({ users: { "two words": "pw" } })).rejects.toMatchObject(refused);
		await using server = await startTestServer();
		expect(() => server.addUser("two words", "pw")).toThrow(expect.objectContaining(refused));
	});

	it("ends every stream with system-shutdown, waits for the sockets, and can be closed twice", async () => {
		const log = recordingLog();
		const server = await startTestServer({ log, limits: { closeTimeoutMs: 200 } });
		using a = await RawClient.login(server.port, "a", "pw");
		using fn = await RawClient.component(server.componentPort, "fn.localhost", "s3cret");
		using stalled = await RawClient.login(server.port, "b", "pw");
		stalled.socket.pause();
		const closed = Promise.all([server.close(), server.close()]);
		expect(await a.streamError()).toBe("system-shutdown");
		expect(await fn.streamError()).toBe("system-shutdown");
		await closed;
		expect(server.stats()).toMatchObject({ connections: 0, clients: 0, components: 0, unauthenticated: 0 });
		expect(log.lines.filter((line) => line.startsWith("error"))).toEqual([]);
		await expect(RawClient.connect(server.port)).rejects.toThrow("ECONNREFUSED");
	});

	it("closes without a word what comes when twice as many as allowed are there", async () => {
		await using server = await startTestServer({ limits: { maxConnections: 1, closeTimeoutMs: 5000 } });
		using _a = await RawClient.login(server.port, "a", "pw");
		const open = () => connect({ port: server.port, host: "127.0.0.1", allowHalfOpen: true }).on("error", () => {});
		const lingering = open();
		const word = await new Promise((resolve) => lingering.once("data", (data) => resolve(String(data))));
		expect(word).toContain("resource-constraint");
		const third = open();
		let heard = "";
		third.on("data", (data) => (heard += String(data)));
		await new Promise((resolve) => third.once("close", resolve).once("end", () => third.end()));
		expect(heard).toBe("");
		lingering.destroy();
	});

	it("shows every stanza it routes, and survives a hook and a log that throw", async () => {
		const seen: string[] = [];
		const onStanza = ({ from, to, stanza }: RoutedStanza) => {
			seen.push(`${from} > ${to} ${stanza.name} ${stanza.attr("type")}`);
			throw new Error("from the hook");
		};
		const fail = () => {
			throw new Error("from the log");
		};
		await using server = await startTestServer({ onStanza, log: { debug: fail, info: fail, warn: fail, error: fail } });
		using a = await RawClient.login(server.port, "a", "pw", "x");
		using fn = await RawClient.component(server.componentPort, "fn.localhost", "s3cret");
		a.send(iq("get", { id: "1", to: "f@fn.localhost" }, xml("q", "urn:q")));
		await fn.next();
		fn.send(iq("result", { id: "1", from: "f@fn.localhost", to: a.jid }));
		await a.next();
		a.send(iq("get", { id: "2", to: "nobody.example" }, xml("q", "urn:q")));
		await a.next();
		expect(seen).toEqual([
			"a@localhost/x > f@fn.localhost iq get",
			"f@fn.localhost > a@localhost/x iq result",
			"a@localhost/x > nobody.example iq get",
			"nobody.example > a@localhost/x iq error",
		]);
		expect(server.stats().routed).toBe(4);
	});

	it("sends what became ready in one turn in one write", async () => {
		await using server = await startTestServer();
		using a = await RawClient.login(server.port, "a", "pw");
		using b = await RawClient.login(server.port, "b", "pw", "y");
		let chunks = 0;
		b.socket.on("data", () => chunks++);
		a.write("<message to='b@localhost/y'/>".repeat(100));
		for (let i = 0; i < 100; i++) await b.next();
		expect(chunks).toBeLessThan(5);
	});
});

describe("With a data folder, a server", () => {
	const withFolder = async (run: (data: string) => Promise<void>) => {
		const data = mkdtempSync(join(tmpdir(), "antiphon-server-"));
		try {
			await run(data);
		} finally {
			rmSync(data, { recursive: true });
		}
	};

	it("keeps rosters, requests and offline messages over a restart", () =>
		withFolder(async (data) => {
			{
				await using server = await startTestServer({ data, users: { a: "pw", "b*": "pw" } });
				using a = await RawClient.login(server.port, "a", "pw");
				const item = xml("item", NS.roster, { jid: "b*@localhost", name: "<B>" }, xml("group", NS.roster, {}, "g"));
				a.send(iq("set", { id: "1" }, xml("query", NS.roster, {}, item)));
				a.send(presence({ type: "subscribe", to: "b*@localhost" }));
				a.send(message({ to: "b*@localhost" }, xml("body", NS.client, {}, "ä & <b>")));
				await a.settle();
			}
			expect(readdirSync(data)).toEqual(["a.json", expect.stringMatching(/^x-[0-9a-f]{64}\.json$/)]);
			await using server = await startTestServer({ data, users: { a: "pw", "b*": "pw" } });
			using a = await RawClient.login(server.port, "a", "pw");
			a.send(iq("get", { id: "1" }, xml("query", NS.roster)));
			const [kept] = (await a.next()).child("query")?.elements() ?? [];
			expect(kept?.attributes).toEqual([
				"jid",
				"b*@localhost",
				"name",
				"<B>",
				"subscription",
				"none",
				"ask",
				"subscribe",
			]);
			using b = await RawClient.login(server.port, "b*", "pw");
			await b.available();
			const waiting = await b.settle();
			expect(waiting.map((stanza: Element) => stanza.attr("type") ?? stanza.child("body")?.text()).sort()).toEqual([
				"subscribe",
				"ä & <b>",
			]);
		}));

	it("writes each file whole: what a crash leaves beside it is not read", () =>
		withFolder(async (data) => {
			writeFileSync(join(data, "a.json.new"), "{ half");
			await using server = await startTestServer({ data });
			using a = await RawClient.login(server.port, "a", "pw");
			a.send(iq("set", { id: "1" }, xml("query", NS.roster, {}, xml("item", NS.roster, { jid: "b@localhost" }))));
			await eventually(() => readdirSync(data).includes("a.json"), "the file is written");
			expect(JSON.parse(readFileSync(join(data, "a.json"), "utf8"))).toMatchObject({
				version: 1,
				account: "a",
				roster: [{ jid: "b@localhost", subscription: "none" }],
			});
		}));

	it.each(["", "{", "[]", '{"version":2}', '{"version":1,"account":"b","roster":[],"offline":[]}'])(
		"refuses to start on a damaged file (%j) and names it",
		(text) =>
			withFolder(async (data) => {
				writeFileSync(join(data, "a.json"), text);
				await expect(startTestServer({ data })).rejects.toThrow(/a\.json is damaged: .*Move it away/);
				expect(readFileSync(join(data, "a.json"), "utf8")).toBe(text);
			}),
	);

	it("goes on, and says so, when it cannot write", () =>
		withFolder(async (data) => {
			const log = recordingLog();
			const folder = join(data, "inner");
			await using server = await startServer({ port: 0, componentPort: 0, users: { a: "pw" }, data: folder, log });
			rmSync(folder, { recursive: true });
			using a = await RawClient.login(server.port, "a", "pw");
			a.send(iq("set", { id: "1" }, xml("query", NS.roster, {}, xml("item", NS.roster, { jid: "b@localhost" }))));
			expect((await a.next()).attr("type")).toBe("result");
			await eventually(() => log.lines.some((line) => line.includes("cannot write")), "a line in the log");
			mkdirSync(folder);
			await server.close();
			expect(readdirSync(folder)).toEqual(["a.json"]);
		}));
});
