import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { connect as connectTls } from "node:tls";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { livingGroups } from "./child-registry.js";
import { componentHandshake, openComponent } from "./component-handshake.js";
import { describeWith } from "./describe-with.js";
import { startEjabberd } from "./ejabberd.js";
import { openClient, plainLogin } from "./plain-login.js";
import { startProsody } from "./prosody.js";
import { probeStream } from "./stream-probe.js";
import { BUS_STANZA_BYTES, type StartServer, type XmppServer } from "./xmpp-server.js";

const launchers: [name: "prosody" | "ejabberd", start: StartServer][] = [
	["prosody", startProsody],
	["ejabberd", startEjabberd],
];
const users = { alice: "a\"p w'\\é", "dotted.name": "pw" };
const components = { "fn.localhost": "s3cret", "b.localhost": "other" };

for (const [name, startServer] of launchers) {
	describeWith(name, `The launcher of ${name}`, () => {
		// What does not say otherwise asks one and the same server: to start one costs more than all else here. In this order.
		let server: XmppServer;
		let other: XmppServer | undefined;
		beforeAll(async () => {
			server = await startServer({ users, components });
		}, 60_000);
		afterEach(async () => {
			await other?.stop();
			other = undefined;
		});
		afterAll(() => server.stop());

		it("answers a stream header and a component's handshake", async () => {
			const { c2sPort, componentPort } = server;
			expect(server.name).toBe(name);
			expect(server.tlsPort).toBeUndefined();
			expect(await header(c2sPort)).toContain("from='localhost'");
			await expectHandshakes(componentPort);
		}, 60_000);

		it("knows its accounts, also with an awkward name or password", () => expectLogins(server.c2sPort), 60_000);

		it("carries a stanza of nearly BUS_STANZA_BYTES from a client to a component and back", async () => {
			const { c2sPort, componentPort } = server;
			const login = { port: c2sPort, domain: "localhost", user: "alice", password: users.alice, resource: "r" };
			using client = await openClient(login);
			using component = await openComponent({ port: componentPort, domain: "fn.localhost", secret: "s3cret" });
			const text = "x".repeat(BUS_STANZA_BYTES - 1000);
			const start = performance.now();
			client.write(`<message to='fn.localhost'><body>${text}</body></message>`);
			expect(await component?.until(/<\/body><\/message>/)).toBeDefined();
			component?.write(`<message from='fn.localhost' to='alice@localhost/r'><body>${text}</body></message>`);
			expect(await client.until(/<\/body><\/message>/)).toBeDefined();
			expect(performance.now() - start).toBeLessThan(10_000); // no rate limit: Debian's would take 2 minutes each way

			client.write(`<message to='fn.localhost'><body>${text}${text}</body></message>`);
			await client.ended();
		}, 60_000);

		it("is silent while it is stopped by SIGSTOP, and goes on after SIGCONT", async () => {
			await server.kill("SIGSTOP");
			expect(
				await probeStream({ port: server.c2sPort, namespace: "jabber:client", to: "localhost", limitMs: 300 }),
			).toBe(undefined);
			await server.kill("SIGCONT");
			expect(await header(server.c2sPort)).toContain("from='localhost'");
		}, 60_000);

		it("restarts as another process on the same ports, and knows who it knew", async () => {
			const { c2sPort, componentPort } = server;
			const before = onlyPid();
			await server.restart();
			expect([server.c2sPort, server.componentPort]).toEqual([c2sPort, componentPort]);
			expect(onlyPid()).not.toBe(before);
			await expectHandshakes(componentPort);
			await expectLogins(c2sPort);
			expect(server.log().length).toBeGreaterThan(100);
		}, 60_000);

		it("comes back after SIGKILL, and leaves no process and no folder after stop", async () => {
			const killed = onlyPid();
			const folder = readlinkSync(`/proc/${killed}/cwd`);
			expect(processesIn(folder)).toContain(killed);
			await server.kill("SIGKILL");
			expect(isAlive(killed)).toBe(false);
			expect(await header(server.c2sPort)).toBeUndefined();

			await server.restart();
			expect(await header(server.c2sPort)).toContain("from='localhost'");
			await server.stop();
			await expect.poll(() => processesIn(folder), { timeout: 5000 }).toEqual([]);
			expect(livingGroups()).toEqual([]);
			expect(existsSync(folder)).toBe(false);
			expect(await header(server.c2sPort)).toBeUndefined();
			await expect(server.restart()).rejects.toThrow("its data is gone");
		}, 60_000);

		it("serves TLS with a certificate that its CA vouches for, and no login in the clear", async () => {
			other = await startServer({ users, tls: true });
			const { tlsPort = 0, ca = "" } = other;
			expect(await tlsOutcome(tlsPort, ca, "localhost")).toBe("trusted");
			expect(await tlsOutcome(tlsPort, undefined, "localhost")).toBe("UNABLE_TO_VERIFY_LEAF_SIGNATURE");
			// Prosody ends the handshake on a server name that it does not host; ejabberd shows the certificate it has.
			expect(await tlsOutcome(tlsPort, ca, "other.example")).toBe(
				name === "prosody" ? "ERR_SSL_TLSV1_UNRECOGNIZED_NAME" : "ERR_TLS_CERT_ALTNAME_INVALID",
			);
			const login = { port: other.c2sPort, domain: "localhost", user: "dotted.name", password: "pw" };
			expect(await plainLogin(login)).not.toBe("success");
		}, 60_000);

		it("has the limits that Debian ships when it is not a bus", async () => {
			other = await startServer({ users, bus: false });
			const login = { port: other.c2sPort, domain: "localhost", user: "alice", password: users.alice, resource: "r" };
			using client = await openClient(login);
			const text = "x".repeat(300 * 1024);
			client.write(`<message to='alice@localhost/r'><body>${text}</body></message>`);
			// Either it is slow from the first bytes on, or the stanza is too large for it: never through at once.
			const through = await client.until(/<\/body><\/message>/, 1000).catch(() => undefined);
			expect(through).toBeUndefined();
		}, 60_000);
	});
}

async function expectHandshakes(port: number): Promise<void> {
	expect(await handshake(port, "fn.localhost", "s3cret")).toBe("accepted");
	expect(await handshake(port, "b.localhost", "other")).toBe("accepted");
	expect(await handshake(port, "fn.localhost", "other")).toBe("refused");
}

async function expectLogins(port: number): Promise<void> {
	for (const [user, password] of Object.entries(users)) {
		expect(await plainLogin({ port, domain: "localhost", user, password }), user).toBe("success");
	}
	expect(await plainLogin({ port, domain: "localhost", user: "alice", password: "pw" })).toBe("failure");
}

function header(port: number): Promise<string | undefined> {
	return probeStream({ port, namespace: "jabber:client", to: "localhost", limitMs: 10_000 });
}

function handshake(port: number, domain: string, secret: string): Promise<"accepted" | "refused"> {
	return componentHandshake({ port, domain, secret, limitMs: 10_000 });
}

function onlyPid(): number {
	const pids = livingGroups();
	expect(pids).toHaveLength(1);
	return pids[0] ?? 0;
}

function isAlive(pid: number): boolean {
	try {
		process.kill(pid, 0);
		return true;
	} catch {
		return false;
	}
}

/** Processes whose working folder it is, helpers of the server included, whatever their process group. */
function processesIn(folder: string): number[] {
	const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
	return pids.map(Number).filter((pid) => {
		try {
			return (
				readlinkSync(`/proc/${pid}/cwd`).startsWith(folder) &&
				!readFileSync(`/proc/${pid}/stat`, "utf8").includes(") Z ")
			);
		} catch {
			return false; // ended in the meantime
		}
	});
}

function tlsOutcome(port: number, ca: string | undefined, servername: string): Promise<string> {
	return new Promise((resolve) => {
		const socket = connectTls({ port, host: "127.0.0.1", servername, ...(ca !== undefined && { ca }) });
		socket.setTimeout(10_000, () => socket.destroy(new Error("no answer")));
		socket.once("secureConnect", () => {
			resolve("trusted");
			socket.destroy();
		});
		socket.on("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message));
	});
}
