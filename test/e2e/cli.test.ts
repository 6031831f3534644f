import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { dictionary } from "@antiphon/dictionary";
import { describe as describeService } from "antiphon";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
	accountEnvironment,
	antiphon,
	COMMAND,
	type DictionaryWorld,
	type Environment,
	freePort,
	openComponent,
	runChild,
	startAntiphon,
	startDictionaryWorld,
	startEmbedded,
	startTcpProxy,
	tempDir,
	type XmppServer,
} from "#kit";

const LIMIT_MS = 60_000;
const PACKAGE = dirname(dirname(COMMAND));
const STATUS = { ok: 0, usage: 2, fault: 3, badInput: 4, nobodyThere: 5, timeout: 6, linkLost: 7, refused: 8 };

describe("antiphon, beside a server and a service", () => {
	let world: DictionaryWorld;
	let server: XmppServer;
	let env: Environment;

	beforeAll(async () => {
		world = await startDictionaryWorld({ components: { "mute.localhost": "secret" } });
		({ server, env } = world);
	}, LIMIT_MS);
	afterAll(() => world?.stop(), LIMIT_MS);

	const call = (...args: string[]) => antiphon(["call", ...args], env);

	describe("call", () => {
		it("prints the reply, for people and as one JSON value", async () => {
			const plain = await call("dictionary.define", '{"word":"xmpp"}');
			expect(plain).toMatchObject({ code: STATUS.ok, stderr: "" });
			expect(plain.stdout).toMatch(/Messaging/);
			const json = await call("dictionary.define@fn.localhost", '{"word":"xmpp"}', "--json");
			expect(json).toMatchObject({ code: STATUS.ok, stderr: "" });
			expect(JSON.parse(json.stdout)).toEqual({ text: expect.stringMatching(/Messaging/) });
		});

		it("calls a function that changes something", async () => {
			const learned = await call("dictionary.learn", '{"word":"lease","text":"A right that ends."}', "--json");
			expect(JSON.parse(learned.stdout)).toEqual({ words: expect.any(Number) });
			expect((await call("dictionary.define", '{"word":"lease"}')).stdout).toMatch(/A right that ends/);
		});

		it.each([
			[
				"a fault",
				["dictionary.define", '{"word":"stanzza"}'],
				STATUS.fault,
				{ code: "fault", executed: "yes", name: "unknown-word", data: { near: ["stanza"] } },
			],
			["bad input", ["dictionary.define", '{"word":7}'], STATUS.badInput, { code: "invalid-argument", executed: "no" }],
			[
				"input that is no JSON",
				["dictionary.define", "{word}"],
				STATUS.badInput,
				{ code: "invalid-argument", executed: "no" },
			],
			["no input", ["dictionary.define"], STATUS.badInput, { code: "invalid-argument", executed: "no" }],
			["no such service", ["nothing.define", "{}"], STATUS.nobodyThere, { code: "not-found", executed: "no" }],
			[
				"no such function",
				["dictionary.nothing", "{}"],
				STATUS.nobodyThere,
				{
					code: "unimplemented",
					executed: "no",
					message: "dictionary@fn.localhost has no function nothing; it has define, learn",
				},
			],
			[
				"a domain where nobody is",
				["dictionary.define@gone.localhost", "{}"],
				STATUS.nobodyThere,
				{ code: "unavailable", executed: "no" },
			],
			["a service instead of a function", ["dictionary", "{}"], STATUS.usage, { code: "invalid-argument" }],
			["an address that is none", ["a@b@c", "{}"], STATUS.usage, { code: "invalid-argument" }],
			["a bad time-out", ["dictionary.define", "{}", "--timeout", "soon"], STATUS.usage, { code: "invalid-argument" }],
			["an option that is none", ["dictionary.define", "{}", "--nothing"], STATUS.usage, { code: "invalid-argument" }],
		])("says what is wrong with %s, with a status of its own", async (_, args, code, error) => {
			const json = await call(...args, "--json");
			expect(JSON.parse(json.stdout)).toEqual({
				error: expect.objectContaining({ message: expect.not.stringMatching(/^error: /), ...error }),
			});
			expect(json).toMatchObject({ code, stderr: "" });
			const plain = await call(...args);
			expect(plain).toMatchObject({ code, stdout: "" });
			expect(plain.stderr).not.toMatch(/\n\s+at /);
			expect(plain.stderr.trim()).not.toBe("");
		});

		it("shows the stanzas on standard error", async () => {
			const { stdout, stderr } = await call("dictionary.define", '{"word":"iq"}', "--json", "--trace-stanzas");
			expect(Object.keys(JSON.parse(stdout))).toEqual(["text"]);
			expect(stderr).toMatch(
				/<call xmlns='urn:antiphon:rpc:1' fn='dictionary.define'[^>]*enc='json'>\{"word":"iq"\}<\/call>/,
			);
			expect(stderr).toMatch(/<reply /);
		});

		it("tells a wrong password, a server that is not there and one that is mute apart", async () => {
			const wrong = await antiphon(["call", "dictionary.define", "{}", "--json"], { ...env, ANTIPHON_PASSWORD: "no" });
			expect(wrong.code).toBe(STATUS.refused);
			const gone = await antiphon(["call", "dictionary.define", "{}", "--json", "--timeout", "700ms"], {
				...env,
				ANTIPHON_URL: `xmpp://127.0.0.1:${await freePort()}`,
			});
			expect(gone.code).toBe(STATUS.linkLost);
			await using proxy = await startTcpProxy({ target: { port: server.c2sPort } });
			proxy.stall();
			const mute = await antiphon(["call", "dictionary.define", "{}", "--json", "--timeout", "700ms"], {
				...env,
				ANTIPHON_URL: `xmpp://127.0.0.1:${proxy.port}`,
			});
			expect(mute.code).toBe(STATUS.linkLost);
			const [, whyGone, whyMute] = [wrong, gone, mute].map(({ stdout }) => JSON.parse(stdout).error.message);
			expect(whyGone).toMatch(/^not connected to the XMPP server after 700 ms: no connection to .*ECONNREFUSED/);
			expect(whyMute).toBe(
				`not connected to the XMPP server after 700 ms: gave up while waiting for the stream to open. xmpp://127.0.0.1:${proxy.port} does not answer as an XMPP server does`,
			);
			// However often it tried: one line, while there is still hope.
			expect(gone.stderr.match(/\n/g)).toHaveLength(1);
			expect(mute.stderr).toBe("");
		});

		it("has a status of its own for a function whose provider is there and never answers", async () => {
			using provider = await openComponent({ port: server.componentPort, domain: "mute.localhost", secret: "secret" });
			expect(provider).toBeDefined();
			const late = await call("dictionary.define@mute.localhost", "{}", "--json", "--timeout", "700ms");
			expect(late).toMatchObject({ code: STATUS.timeout, stderr: "" });
			expect(JSON.parse(late.stdout)).toEqual({
				error: { code: "deadline-exceeded", message: expect.any(String), executed: expect.any(String) },
			});
		});

		it("takes a server that falls silent during the call for no answer in time, not for a lost link", async () => {
			await using proxy = await startTcpProxy({ target: { port: server.c2sPort } });
			using provider = await openComponent({ port: server.componentPort, domain: "mute.localhost", secret: "secret" });
			expect(provider).toBeDefined();
			const args = ["call", "a.b@mute.localhost", "--json", "--trace-stanzas", "--timeout", "3s"];
			const waiting = startAntiphon(args, { ...env, ANTIPHON_URL: `xmpp://127.0.0.1:${proxy.port}` });
			await waiting.waitUntil("a stanza", () => waiting.stderr().includes("--- sent"), 10_000);
			proxy.stall();
			expect((await waiting.exited).code).toBe(STATUS.timeout);
			expect(JSON.parse(waiting.stdout())).toMatchObject({ error: { code: "deadline-exceeded" } });
		});

		it("says which variable or flag is missing", async () => {
			const { code, stderr } = await antiphon(["call", "dictionary.define@fn.localhost", "{}"]);
			expect(code).toBe(STATUS.usage);
			expect(stderr).toMatch(/^antiphon: set ANTIPHON_URL or --url: /);
		});

		it("names a setting that is wrong as it was given", async () => {
			expect((await antiphon(["ls"], { ...env, ANTIPHON_JID: "localhost" })).stderr).toMatch(
				/^antiphon: ANTIPHON_JID /,
			);
			expect((await antiphon(["ls", "--jid", "localhost"], env)).stderr).toMatch(/^antiphon: --jid /);
		});
	});

	it("ls names the domains that a server knows, and refuses what is no domain", async () => {
		const { code, stdout } = await antiphon(["ls", "localhost"], env);
		expect(code).toBe(STATUS.ok);
		expect(stdout).toContain("antiphon ls fn.localhost");
		for (const wrong of ["fn.localhost/x", "dictionary@fn.localhost"]) {
			expect((await antiphon(["ls", wrong], env)).code).toBe(STATUS.usage);
		}
	});

	it("puts in its own words what stands between it and a server with TLS", async () => {
		await using secure = await startEmbedded({ users: { me: "pass:word" }, tls: true });
		await using dir = tempDir("ca");
		const [ca, noCa] = [join(dir.path, "ca.pem"), join(dir.path, "none.pem")];
		writeFileSync(ca, secure.ca ?? "");
		writeFileSync(noCa, "no certificate here");
		const account = accountEnvironment(secure, "me");
		const to = (url: string, ...args: string[]) => antiphon(["ping", "localhost", "--url", url, ...args], account);
		const direct = `xmpps://localhost:${secure.tlsPort}`;

		expect((await to(direct, "--ca", ca)).code).toBe(STATUS.ok);
		const untrusted = await to(direct);
		expect(untrusted).toMatchObject({ code: STATUS.refused, stderr: expect.stringContaining("--ca (ANTIPHON_CA)") });
		const empty = await to(direct, "--ca", noCa);
		expect(empty).toMatchObject({ code: STATUS.usage });
		expect(empty.stderr).toBe(
			`antiphon: --ca: ${noCa} holds no certificate that can be read: give PEM, -----BEGIN CERTIFICATE-----\n`,
		);
		const plain = await to(`xmpps://127.0.0.1:${secure.c2sPort}`);
		expect(plain).toMatchObject({ code: STATUS.linkLost });
		expect(plain.stderr).toMatch(`127.0.0.1:${secure.c2sPort} does not speak TLS. Try xmpp://`);
		// With --ca, TLS is asked for on loopback, too; this server has none.
		const stripped = await antiphon(["ping", "localhost", "--ca", ca], env);
		expect(stripped).toMatchObject({ code: STATUS.refused, stderr: expect.stringContaining("--insecure") });
		for (const { stderr } of [untrusted, empty, plain, stripped]) {
			expect(stderr).not.toMatch(/servername|insecure: true|routines|\n./);
		}
	});

	it("is ended by a signal in order: with --json there is one JSON value, whatever happens", async () => {
		await using proxy = await startTcpProxy({ target: { port: server.c2sPort } });
		proxy.stall();
		const waiting = startAntiphon(["call", "dictionary.define", "{}", "--json"], {
			...env,
			ANTIPHON_URL: `xmpp://127.0.0.1:${proxy.port}`,
		});
		await expect.poll(() => proxy.accepted, { timeout: 10_000 }).toBe(1);
		waiting.signal("SIGINT");
		expect((await waiting.exited).code).not.toBe(0);
		expect(JSON.parse(waiting.stdout())).toMatchObject({ error: { code: "cancelled", executed: "no" } });
	});

	it("ls lists the functions of a domain", async () => {
		const { stdout, code } = await antiphon(["ls", "--json"], env);
		expect(code).toBe(STATUS.ok);
		expect(JSON.parse(stdout)).toEqual([
			expect.objectContaining({ address: "dictionary.define@fn.localhost", version: "1.0.0", kind: "get" }),
			expect.objectContaining({ address: "dictionary.learn@fn.localhost", version: "1.0.0", kind: "set" }),
		]);
		expect((await antiphon(["ls", "fn.localhost"], env)).stdout).toMatch(
			/dictionary\.define@fn\.localhost.*Look a word up/,
		);
		expect((await antiphon(["ls", "gone.localhost"], env)).code).toBe(STATUS.nobodyThere);
	});

	it("describe shows the contract, of a service and of a function", async () => {
		const contract = JSON.parse(JSON.stringify(describeService(dictionary)));
		const whole = await antiphon(["describe", "dictionary", "--json"], env);
		expect(JSON.parse(whole.stdout)).toEqual(contract);
		const { service, version, fingerprint, functions } = contract;
		const one = await antiphon(["describe", "dictionary.define@fn.localhost", "--json"], env);
		expect(JSON.parse(one.stdout)).toEqual({ service, version, fingerprint, function: "define", ...functions.define });
		expect((await antiphon(["describe", "dictionary.define"], env)).stdout).toMatch(
			/get, at-most-once: Look a word up[\s\S]*minLength/,
		);
	});

	it("ping tells how long the answer took", async () => {
		const { stdout, code } = await antiphon(["ping", "dictionary.define@fn.localhost", "--json"], env);
		expect(JSON.parse(stdout)).toEqual({ jid: "dictionary.define@fn.localhost", ms: expect.any(Number) });
		expect(code).toBe(STATUS.ok);
		expect((await antiphon(["ping", "nobody@fn.localhost"], env)).code).toBe(STATUS.nobodyThere);
	});

	it.each(["--version", "-V"])("%s prints the version of the package", async (flag) => {
		const { version } = JSON.parse(readFileSync(join(PACKAGE, "package.json"), "utf8"));
		expect(await antiphon([flag])).toMatchObject({ code: STATUS.ok, stdout: `${version}\n`, stderr: "" });
	});

	it.each([["nothing"], ["call"], ["call", "a", "b", "c"], [], ["server", "--user", "me"], ["dev", "--port", "x"]])(
		"with --json, the command line %j gets one JSON value, without a prefix",
		async (...args) => {
			const { code, stdout, stderr } = await antiphon([...args, "--json"]);
			expect({ code, stderr }).toEqual({ code: STATUS.usage, stderr: "" });
			expect(JSON.parse(stdout)).toEqual({
				error: { code: "invalid-argument", message: expect.not.stringMatching(/^error/), executed: "no" },
			});
		},
	);

	it("whoever stops reading ends it in order, and output that cannot be written is an error", async () => {
		const shell = (line: string) =>
			runChild({
				command: "/bin/sh",
				args: ["-c", line, "sh", process.execPath, COMMAND],
				env: { ...process.env, NO_COLOR: "1", ...env },
				limitMs: LIMIT_MS,
			});
		expect(await shell('"$1" "$2" ls | head -1')).toMatchObject({ code: 0, stderr: "" });
		expect(await shell('"$1" "$2" ls --json 2>&1 | true')).toMatchObject({ code: 0, stdout: "" });
		if (!existsSync("/dev/full")) return;
		const { code, stderr } = await shell('"$1" "$2" ls > /dev/full');
		expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(/^antiphon: the output .*ENOSPC.*\n$/) });
	});

	it("--help lists the exit statuses", async () => {
		for (const args of [["--help"], ["call", "--help"]]) {
			const { stdout, code } = await antiphon(args);
			expect(code).toBe(0);
			expect(stdout).toMatch(/Exit status:[\s\S]*3 {2}the call ended in a fault/);
		}
	});
});

it.each([
	["--domain", "a@b"],
	["--component", "fn.localhost"],
	["--component", "localhost:secret"],
	["--user", "me@localhost:secret"],
	["--tls-port", "0"],
	["--tls-key", "nowhere"],
	["--host", "203.0.113.1"],
	["--data", "/dev/null"],
])("antiphon server: a bad value is a usage error that names the flag: %s %s", async (flag, value) => {
	const ports = ["--port", "0", "--component-port", "0"];
	const { code, stdout, stderr } = await antiphon(["server", ...ports, flag, value]);
	expect({ code, stdout }).toEqual({ code: STATUS.usage, stdout: "" });
	expect(stderr).toMatch(new RegExp(`^antiphon: ${flag}:? `, "m"));
	expect(stderr).not.toMatch(/\n\s+at /);
});

describe("antiphon dev", () => {
	const ports = ["--port", "0", "--component-port", "0"];

	it("--exit ends with status 0 after a tour in which every step did what it should", async () => {
		const { code, stdout, stderr } = await antiphon(["dev", ...ports, "--exit"]);
		expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
		expect(stdout).toMatch(/dictionary, process \d+: serving dictionary 1\.0\.0 at dictionary@fn\.localhost/);
		expect(stdout).toMatch(/→ The Extensible Messaging/);
		expect(stdout).toMatch(/→ unknown-word; did you mean stanza\?/);
		expect(stdout).toMatch(/<fault xmlns='urn:antiphon:rpc:1' code='fault' name='unknown-word'/);
		expect(stdout).toMatch(/→ invalid-argument: /);
		// Straight to the process that serves it; by hand, to the function's own JID.
		expect(stdout).toMatch(/<iq type='get' id='[^']+' to='worker@localhost\/[^']+'>/);
		expect(stdout).toMatch(/<iq type='get' id='[^']+' to='dictionary\.define@fn\.localhost'>/);
	});

	it("--exit ends with a status other than 0 after a tour in which a step did not", async () => {
		// The real command, beside a dictionary in which a word means something else.
		const hooks = asModule(`export const load = (url, context, next) =>
			url.endsWith("/dictionary/dist/words.js")
				? { format: "module", shortCircuit: true, source: "export const WORDS = { xmpp: 'nonsense', stanza: 'x', jid: 'y' }" }
				: next(url, context);`);
		const preload = asModule(`import { register } from "node:module"; register(${JSON.stringify(hooks)});`);
		const { code, stdout } = await antiphon(["dev", ...ports, "--exit"], { NODE_OPTIONS: `--import ${preload}` });
		expect(stdout).toMatch(/✗ an unexpected text: nonsense/);
		expect(stdout.match(/^ {2}→ /gm)).toHaveLength(3);
		expect(code).toBe(1);
	});

	it(
		"prints a line to copy that makes the next call, and ends cleanly on SIGINT",
		async () => {
			const dev = startAntiphon(["dev", ...ports]);
			await dev.waitUntil("the tour", () => dev.stdout().includes("Ctrl-C"), LIMIT_MS);
			const line = /^ {2}(ANTIPHON_URL=.*) antiphon (call .*)$/m.exec(dev.stdout());
			const env = Object.fromEntries((line?.[1] ?? "").split(" ").map((pair) => pair.split(/=(.*)/).slice(0, 2)));
			const { stdout, code } = await antiphon(["call", "dictionary.define", '{"word":"stanza"}', "--json"], env);
			expect({ code, reply: JSON.parse(stdout) }).toEqual({ code: 0, reply: { text: expect.any(String) } });
			expect(line?.[2]).toBe(`call dictionary.define '{"word":"stanza"}'`);

			const pid = Number(/dictionary, process (\d+)/.exec(dev.stdout())?.[1]);
			expect(isAlive(pid)).toBe(true);
			dev.signal("SIGINT");
			expect(await dev.exited).toEqual({ code: 0, signal: null });
			expect(dev.stderr()).toBe("");
			expect(isAlive(pid)).toBe(false);
		},
		LIMIT_MS,
	);

	it(
		"says so and ends when the service dies",
		async () => {
			const dev = startAntiphon(["dev", ...ports]);
			await dev.waitUntil("the tour", () => dev.stdout().includes("Ctrl-C"), LIMIT_MS);
			process.kill(Number(/dictionary, process (\d+)/.exec(dev.stdout())?.[1]), "SIGKILL");
			expect(await dev.exited).toEqual({ code: 1, signal: null });
			expect(dev.stderr()).toBe("the dictionary service ended by itself: SIGKILL\n");
		},
		LIMIT_MS,
	);

	it(
		"leaves no service behind when it is killed",
		async () => {
			const dev = startAntiphon(["dev", ...ports]);
			await dev.waitUntil("the tour", () => dev.stdout().includes("Ctrl-C"), LIMIT_MS);
			const pid = Number(/dictionary, process (\d+)/.exec(dev.stdout())?.[1]);
			process.kill(dev.pid, "SIGKILL");
			await dev.exited;
			await expect.poll(() => isAlive(pid), { timeout: 5_000 }).toBe(false);
		},
		LIMIT_MS,
	);

	it.each(["--port", "--component-port"])(
		"says what to do about a port that is in use: %s",
		async (flag) => {
			const other = flag === "--port" ? "--component-port" : "--port";
			const port = String(await freePort());
			const first = startAntiphon(["server", "--port", port, "--component-port", "0"]);
			await first.waitUntil("the server", () => first.stdout().includes("Ctrl-C"), LIMIT_MS);
			const { code, stdout, stderr } = await antiphon(["dev", flag, port, other, "0", "--exit"]);
			expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
			expect(stderr).toContain(port);
			expect(stderr).toContain(`choose another ${flag},`);
			expect(stderr).not.toMatch(/\n\s+at /);
			await first.end();
		},
		LIMIT_MS,
	);
});

function asModule(source: string): string {
	return `data:text/javascript,${encodeURIComponent(source)}`;
}

function isAlive(pid: number): boolean {
	try {
		return process.kill(pid, 0);
	} catch {
		return false;
	}
}
