import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { dictionary } from "@antiphon/dictionary";
import { NS } from "@antiphon/protocol";
import { type BusError, type CallContext, type Client, clientLink, createNode, service, set, xml } from "antiphon";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import {
	accountEnvironment,
	antiphon,
	type Child,
	COMMAND,
	type Environment,
	startAntiphon,
	startChild,
	startEmbedded,
	startRegisteredDictionary,
	type TempDir,
	tempDir,
	type XmppServer,
} from "#kit";

const LIMIT_MS = 60_000;
const FUNCTIONS = "fn.localhost";
const STATUS = { ok: 0, usage: 2, nobodyThere: 5, refused: 8 };
const DEFINE = ["call", "dictionary.define", '{"word":"xmpp"}', "--json"];

let folder: TempDir;
let server: XmppServer;
let config: string;
let me: Environment;
const children: Child[] = [];

beforeAll(async () => {
	folder = tempDir("domain");
	config = join(folder.path, "domain.yaml");
	server = await startEmbedded({
		users: { me: "my", worker: "worker's", thief: "thief's" },
		components: { [FUNCTIONS]: "secret" },
	});
	me = accountEnvironment(server, "me");
}, LIMIT_MS);
afterEach(async () => {
	await Promise.all(children.splice(0).map((child) => child.end()));
});
afterAll(async () => {
	await server?.stop();
	folder?.remove();
});

const access = `access:
  register: [{ allow: "*@localhost" }]
  call: [{ allow: me@localhost, to: dictionary.define }]
`;
/** Nobody was there before. */
const fresh = `${access}limits: { settleMs: 1 }
`;

function configure(more = access): void {
	const url = `url: xmpp://127.0.0.1:${server.componentPort}`;
	const text = `${url}\ndomain: ${FUNCTIONS}\nsecret: secret\nstateFile: fn.json\n${more}`;
	writeFileSync(config, text, { mode: 0o600 });
}

async function host(): Promise<Child> {
	const child = startAntiphon(["domain", "--config", config]);
	children.push(child);
	await child.waitUntil("the domain", () => child.stdout().includes("hosting"), LIMIT_MS);
	return child;
}

async function provider(account: string): Promise<Child> {
	const child = await startRegisteredDictionary(server, account, FUNCTIONS);
	children.push(child);
	return child;
}

/** What becomes of a call of `me` that knows nothing from before: as with the command, without a process each time. */
async function outcome(call: (mine: Client<typeof dictionary.functions>) => Promise<unknown>): Promise<string> {
	const url = `xmpp://${server.host}:${server.c2sPort}`;
	await using node = await createNode({ link: clientLink({ url, jid: "me@localhost", password: "my" }) });
	const called = call(node.client(dictionary, { domain: FUNCTIONS }));
	return await called.then(
		() => "ok",
		(error: BusError) => error.code,
	);
}

describe("antiphon domain", { timeout: 2 * LIMIT_MS }, () => {
	it("hosts a domain in which a process on an ordinary account is found, described and called", async () => {
		configure(fresh);
		const domain = await host();
		expect(domain.stdout()).toBe(`hosting ${FUNCTIONS} at xmpp://127.0.0.1:${server.componentPort}, 0 instances\n`);
		const nobody = await antiphon(DEFINE, me);
		expect(nobody.code).toBe(STATUS.nobodyThere);
		const worker = await provider("worker");
		expect(worker.stdout()).toMatch(/^serving dictionary 1\.0\.0 at dictionary@fn\.localhost as worker@localhost\//);

		expect(await antiphon(DEFINE, me)).toMatchObject({ code: 0, stdout: expect.stringMatching(/Messaging/) });
		const listed = await antiphon(["ls", "--json"], me);
		expect(JSON.parse(listed.stdout)).toEqual(
			expect.arrayContaining([expect.objectContaining({ address: "dictionary.define@fn.localhost" })]),
		);
		const described = await antiphon(["describe", "dictionary.define", "--json"], me);
		expect(JSON.parse(described.stdout)).toMatchObject({ service: "dictionary", function: "define" });

		// Allowed is define, and to me alone.
		const learn = ["call", "dictionary.learn", '{"word":"a","text":"b"}', "--json"];
		expect((await antiphon(learn, me)).code).toBe(STATUS.refused);
		expect((await antiphon(DEFINE, accountEnvironment(server, "thief"))).code).toBe(STATUS.refused);
		expect(domain.stderr()).toMatch(/ warn fn\.localhost: refused: thief@localhost may not call/);

		domain.signal("SIGTERM");
		expect(await domain.exited).toEqual({ code: 0, signal: null });
	});

	it("finishes the calls that it passes on, unless it is told once more to end", async () => {
		configure('access: { register: [{ allow: "*@localhost" }], call: [{ allow: "*@localhost" }] }\n');
		const domain = await host();
		const url = `xmpp://${server.host}:${server.c2sPort}`;
		await using worker = await createNode({ link: clientLink({ url, jid: "worker@localhost", password: "worker's" }) });
		let called = () => {};
		const running = new Promise<void>((resolve) => {
			called = resolve;
		});
		const never = new AbortController();
		const run = () => {
			called();
			return new Promise<void>((resolve) => never.signal.addEventListener("abort", () => resolve()));
		};
		const slow = service("slow", "1.0.0", { run: set({}) });
		await worker.serve(slow, { run }, { domain: FUNCTIONS });
		await using caller = await createNode({ link: clientLink({ url, jid: "me@localhost", password: "my" }) });
		const payload = xml("call", NS.rpc, { fn: "slow.run", ttl: "60000", enc: "json" });
		const asked = { type: "set", to: `slow.run@${FUNCTIONS}`, payload, timeoutMs: LIMIT_MS } as const;
		const outcome = caller.query(asked).catch((error: BusError) => error.executed);
		await running;
		domain.signal("SIGTERM");
		const knocking = setInterval(() => domain.signal("SIGTERM"), 200);
		const { code } = await domain.exited.finally(() => clearInterval(knocking));
		expect(code).toBe(1);
		expect(domain.stderr()).toContain("cut short by another signal");
		expect(await outcome).toBe("unknown");
		never.abort();
	});

	it("keeps the durable calls that it has accepted over a kill -9: each runs once, and has its outcome", async () => {
		configure(
			'access: { register: [{ allow: "*@localhost" }], call: [{ allow: "*@localhost" }] }\nlimits: { settleMs: 1 }\nstore: calls\n',
		);
		const domain = await host();
		expect(domain.stderr()).toContain(`durable calls are kept on disk: lmdb at ${join(folder.path, "calls")}`);
		const url = `xmpp://${server.host}:${server.c2sPort}`;
		await using worker = await createNode({ link: clientLink({ url, jid: "worker@localhost", password: "worker's" }) });
		const begun: string[] = [];
		let letGo = () => {};
		const isLetGo = new Promise<void>((resolve) => {
			letGo = resolve;
		});
		const run = async (_: unknown, { callId }: CallContext) => {
			begun.push(callId);
			await isLetGo;
			return begun.length;
		};
		const job = service("job", "1.0.0", { run: set({ output: z.number(), delivery: "effectively-once" }) });
		await worker.serve(job, { run }, { domain: FUNCTIONS, concurrency: 5 });
		await using caller = await createNode({ link: clientLink({ url, jid: "me@localhost", password: "my" }) });
		const client = caller.client(job, { domain: FUNCTIONS });
		// Some run, and the others wait.
		const ids = await Promise.all(Array.from({ length: 20 }, () => client.run.send()));
		await expect.poll(() => begun.length, { timeout: LIMIT_MS }).toBe(5);
		domain.signal("SIGKILL");
		await domain.exited;
		await host();
		letGo();
		const outcomes = await Promise.all(ids.map((id) => caller.outcome(id, { timeoutMs: LIMIT_MS })));
		expect(outcomes).toHaveLength(20);
		expect([begun.length, new Set(begun).size]).toEqual([20, 20]);
	});

	it("comes back after a kill -9: the provider registers again by itself, and names have kept their owners", async () => {
		configure();
		const stateFile = join(folder.path, "fn.json");
		// What other tests have left there.
		rmSync(stateFile, { force: true });
		const first = await host();
		const worker = await provider("worker");
		const stored = () => JSON.parse(readFileSync(stateFile, "utf8")).owners;
		await expect.poll(stored, { timeout: LIMIT_MS }).toEqual({ dictionary: "worker@localhost" });
		first.signal("SIGKILL");
		await first.exited;

		const second = await host();
		const found = () => outcome((mine) => mine.define({ word: "xmpp" }));
		await expect.poll(found, { timeout: LIMIT_MS, interval: 50 }).toBe("ok");
		expect((await antiphon(DEFINE, me)).code).toBe(STATUS.ok);
		await worker.end();
		await expect.poll(found, { timeout: LIMIT_MS, interval: 50 }).toMatch(/^(unavailable|not-found)$/);
		expect((await antiphon(DEFINE, me)).code).toBe(STATUS.nobodyThere);

		// Nothing of it runs, and the name is still worker's.
		await expect(provider("thief")).rejects.toThrow(/dictionary belongs to another account/);
		expect(second.stderr()).toMatch(/refused: dictionary belongs to another account/);
	});

	it("reads its file again at SIGHUP: other rules hold, providers stay, and a wrong file changes nothing", async () => {
		configure(fresh);
		const domain = await host();
		await provider("worker");
		const learn = ["call", "dictionary.learn", '{"word":"a","text":"b"}', "--json"];
		expect((await antiphon(learn, me)).code).toBe(STATUS.refused);
		configure(fresh.replace("to: dictionary.define", "to: dictionary"));
		domain.signal("SIGHUP");
		await domain.waitUntil("the rules", () => domain.stderr().includes("was read again"), LIMIT_MS);
		// The provider gets them with its next renewal.
		const learned = () => outcome((mine) => mine.learn({ word: "a", text: "b" }));
		await expect.poll(learned, { timeout: LIMIT_MS, interval: 50 }).toBe("ok");
		configure("acces: {}\n");
		domain.signal("SIGHUP");
		await domain.waitUntil("a refusal", () => domain.stderr().includes("cannot be used"), LIMIT_MS);
		expect(domain.stderr()).toMatch(/ error fn\.localhost: \S+domain\.yaml: acces: there is no such key/);
		expect((await antiphon(learn, me)).code).toBe(STATUS.ok);
		domain.signal("SIGTERM");
		expect(await domain.exited).toEqual({ code: 0, signal: null });
	});

	const SCRIPT = "/usr/bin/script";
	it.runIf(existsSync(SCRIPT))(
		"ends with the terminal at which it was started, and not at a SIGHUP while that is there",
		async () => {
			configure(fresh);
			const command = `echo process $$ && exec ${process.execPath} ${COMMAND} domain --config ${config}`;
			const terminal = startChild({ command: SCRIPT, args: ["-qfec", command, "/dev/null"] });
			children.push(terminal);
			await terminal.waitUntil("the domain", () => terminal.stdout().includes("hosting"), LIMIT_MS);
			const pid = Number(/^process (\d+)/.exec(terminal.stdout())?.[1]);
			process.kill(pid, "SIGHUP");
			await terminal.waitUntil("the rules", () => terminal.stdout().includes("was read again"), LIMIT_MS);
			terminal.signal("SIGKILL");
			const isThere = () => existsSync(`/proc/${pid}`);
			await expect.poll(isThere, { timeout: LIMIT_MS }).toBe(false);
		},
	);

	it("says that a second host of the same domain is one too many", async () => {
		configure();
		await host();
		const { code, stderr } = await antiphon(["domain", "--config", config]);
		expect(code).not.toBe(STATUS.ok);
		expect(stderr).toMatch(/^conflict: .*fn\.localhost/m);
	});

	it("--check looks the file over and connects nowhere", async () => {
		configure();
		const { stdout, stderr, code } = await antiphon(["domain", "--config", config, "--check"]);
		expect({ code, stderr }).toEqual({ code: STATUS.ok, stderr: "" });
		expect(stdout).toBe(`${config} can be used: it hosts ${FUNCTIONS} at xmpp://127.0.0.1:${server.componentPort}\n`);
	});

	it("--check-store reads what is kept of durable calls, when no domain runs with it", async () => {
		configure(`${fresh}store: kept\n`);
		const check = () => antiphon(["domain", "--config", config, "--check-store", "--json"]);
		const domain = await host();
		const held = await check();
		expect(held.code).toBe(STATUS.nobodyThere);
		expect(JSON.parse(held.stdout).error).toMatchObject({
			code: "unavailable",
			message: expect.stringMatching(/a domain runs with it: stop that first.* is open in the process \d+/),
		});
		domain.signal("SIGTERM");
		await domain.exited;
		const { code, stdout } = await check();
		expect(code).toBe(STATUS.ok);
		expect(JSON.parse(stdout)).toMatchObject({ sound: true, calls: { waiting: 0 }, problems: [] });
	});

	it.each([
		["acces: {}\n", /^antiphon: \S+domain\.yaml: acces: there is no such key; there are url, /],
		[
			"access: { call: [{ allow: * }] }\n",
			/^antiphon: \S+domain\.yaml:5:27: what begins with \* has to stand in quotes/,
		],
		["stateFile: twice.json\n", /^antiphon: \S+domain\.yaml:5:1: this is no YAML: Map keys must be unique/],
		["limits: { leaseMs: 0 }\n", /^antiphon: \S+domain\.yaml: limits\.leaseMs must be a whole number/],
	])("refuses a bad file with the key and what to write: %j", async (more, expected) => {
		configure(more);
		for (const check of [[], ["--check"]]) {
			const { code, stdout, stderr } = await antiphon(["domain", "--config", config, ...check]);
			expect({ code, stdout }).toEqual({ code: STATUS.usage, stdout: "" });
			expect(stderr).toMatch(expected);
		}
	});

	it("refuses a state file that it cannot read, a wrong secret and a file that is not there", async () => {
		configure();
		const broken = join(folder.path, "broken.json");
		writeFileSync(broken, "{");
		writeFileSync(config, readFileSync(config, "utf8").replace("fn.json", "broken.json"));
		expect(await antiphon(["domain", "--config", config])).toMatchObject({
			code: STATUS.usage,
			stderr: expect.stringMatching(/broken\.json cannot be read: .* Mend it, or take it away/),
		});
		configure();
		writeFileSync(config, readFileSync(config, "utf8").replace("secret: secret", "secret: wrong"));
		expect((await antiphon(["domain", "--config", config])).code).toBe(STATUS.refused);
		expect(await antiphon(["domain", "--config", "nowhere.yaml"])).toMatchObject({
			code: STATUS.usage,
			stderr: expect.stringMatching(/^antiphon: --config: .*nowhere\.yaml/),
		});
	});
});
