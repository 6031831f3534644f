import { createDomain, type Domain } from "@antiphon/domain";
import { BusError, clientLink, createNode, get, memoryStore, type Node, service, set } from "antiphon";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { accountEnvironment, antiphon, type Environment, startAntiphon, startEmbedded, type XmppServer } from "#kit";
import { component } from "./worlds.js";

const LIMIT_MS = 60_000;
const FUNCTIONS = "fn.localhost";
const STATUS = { ok: 0, usage: 2, nobodyThere: 5, refused: 8 };
const USERS = { me: "pass:word", guest: "guest", worker: "worker" };

const dictionary = service("dictionary", "1.2.0", {
	define: get({ input: z.object({ word: z.string() }), output: z.string() }),
	learn: set({}),
});
const ledger = service("ledger", "1.0.0", {
	add: set({ input: z.number(), delivery: "effectively-once", retry: { attempts: 1 } }),
});
const clock = service("clock", "1.0.0", { now: get({ output: z.number() }) });

describe("an operator's view of a domain", { timeout: LIMIT_MS }, () => {
	let server: XmppServer;
	let domain: Domain;
	let env: Environment;
	const nodes: Node[] = [];

	const join = async (account: keyof typeof USERS) => {
		const url = `xmpp://${server.host}:${server.c2sPort}`;
		const node = await createNode({ link: clientLink({ url, jid: `${account}@localhost`, password: USERS[account] }) });
		nodes.push(node);
		return node;
	};
	const serveDictionary = (node: Node, instance: string) => {
		const define = ({ word }: { word: string }) => {
			if (word === "?") throw new BusError("unavailable", "no \u001b[2Jbook\nhere");
			return word;
		};
		const options = { domain: FUNCTIONS, instance, concurrency: 8, labels: { zone: instance } };
		return node.serve(dictionary, { define, learn: () => {} }, options);
	};

	beforeAll(async () => {
		server = await startEmbedded({ users: USERS, components: { [FUNCTIONS]: "secret" } });
		const access = { admin: [{ allow: "me@localhost" }] };
		// Nobody was there before.
		const limits = { settleMs: 1 };
		domain = await createDomain({ link: component(server), access, limits, store: memoryStore() });
		env = { ...accountEnvironment(server, "me"), ANTIPHON_DOMAIN: FUNCTIONS };
		const [one, two] = [await join("worker"), await join("worker")];
		await serveDictionary(one, "one");
		await serveDictionary(two, "two");
		await two.serve(clock, { now: () => Date.now() }, { domain: FUNCTIONS, instance: "two" });
		const caller = await join("guest");
		for (const instance of ["one", "two"]) {
			const client = caller.client(dictionary, { domain: FUNCTIONS, instance });
			await client.define({ word: "xmpp" });
			if (instance === "two") await client.define({ word: "?" }).catch(() => {});
		}
	}, LIMIT_MS);
	afterAll(async () => {
		await Promise.all(nodes.map((node) => node.close()));
		await domain?.close();
		await server?.stop();
	}, LIMIT_MS);

	const json = async (...args: string[]) => JSON.parse((await antiphon([...args, "--json"], env)).stdout);

	it("nodes lists who serves what", async () => {
		const listed = await json("nodes");
		expect(listed.map((each: Record<string, unknown>) => [each["service"], each["instance"]])).toEqual([
			["clock", "two"],
			["dictionary", "one"],
			["dictionary", "two"],
		]);
		expect(listed[1]).toEqual({
			service: "dictionary",
			instance: "one",
			version: "1.2.0",
			node: nodes[0]?.jid,
			state: "available",
			running: 0,
			concurrency: 8,
			labels: { zone: "one" },
			registeredMs: expect.any(Number),
			heardMs: expect.any(Number),
		});
		const { stdout, code } = await antiphon(["nodes", FUNCTIONS], env);
		expect(code).toBe(STATUS.ok);
		expect(stdout).toMatch(/dictionary.*one.*1\.2\.0.*available.*0 of 8.*worker@localhost\/.*zone=one/);
	});

	it("stats shows calls by function and instance, with a total", async () => {
		const all = await json("stats");
		expect(all).toMatchObject({ calls: 3, errors: 1, running: 0, silent: [] });
		const [now, define, learn] = all.functions;
		expect([now.function, learn.function]).toEqual(["clock.now", "dictionary.learn"]);
		expect(define).toEqual({
			function: "dictionary.define",
			calls: 3,
			errors: 1,
			running: 0,
			p50Ms: expect.any(Number),
			p95Ms: expect.any(Number),
			lastError: { code: "unavailable", message: "no \uFFFD[2Jbook\nhere", agoMs: expect.any(Number) },
			instances: [
				expect.objectContaining({ instance: "one", calls: 1, errors: 0, lastError: null }),
				expect.objectContaining({ instance: "two", calls: 2, errors: 1 }),
			],
		});
		expect(learn).toMatchObject({ calls: 0, p50Ms: null, p95Ms: null, lastError: null });
		expect((await json("stats", `dictionary.define@${FUNCTIONS}/one`)).calls).toBe(1);
		const { stdout } = await antiphon(["stats", "dictionary"], env);
		expect(stdout).toMatch(/dictionary\.define.*two.*2.*1.*0.*unavailable, .* ago: no \uFFFD\[2Jbook/);
		expect(stdout).toMatch(/dictionary\.define.*total.*3.*1/);
		expect(stdout).not.toContain("\u001b");
		expect(stdout).not.toContain("clock");
	});

	it("stats --watch prints one JSON value on each line, and ends in order", async () => {
		const watching = startAntiphon(["stats", "clock", "--watch", "100ms", "--json", "--timeout", "5s"], env);
		const lines = () =>
			watching
				.stdout()
				.split("\n")
				.slice(0, -1)
				.map((line) => JSON.parse(line));
		await watching.waitUntil("three looks", () => lines().length >= 3, LIMIT_MS);
		expect(lines()[2]).toMatchObject({ calls: 0, functions: [{ function: "clock.now" }] });
		watching.signal("SIGINT");
		expect(await watching.exited).toEqual({ code: STATUS.ok, signal: null });
		expect(watching.stderr()).toBe("");
		expect(lines().length).toBeGreaterThanOrEqual(3);
	});

	it("stats --watch repeats a table without control characters where there is no terminal", async () => {
		const watching = startAntiphon(["stats", "dictionary", "--watch", "100ms"], env);
		const tables = () => watching.stdout().split("\n\n").length;
		await watching.waitUntil("three looks", () => tables() >= 3, LIMIT_MS);
		// The terminal has gone.
		watching.signal("SIGHUP");
		expect((await watching.exited).code).toBe(STATUS.ok);
		expect(watching.stdout()).not.toContain("\u001b");
	});

	it("ping asks every instance of a service", async () => {
		expect(await json("ping", "dictionary")).toEqual({
			service: "dictionary",
			domain: FUNCTIONS,
			instances: [
				{ instance: "one", jid: nodes[0]?.jid, ms: expect.any(Number) },
				{ instance: "two", jid: nodes[1]?.jid, ms: expect.any(Number) },
			],
		});
		expect((await antiphon(["ping", "dictionary"], env)).stdout).toMatch(
			/dictionary\/one at worker@localhost\/.* answered in [\d.]+ ms\n/,
		);
		// A word that is no service may still be an address.
		expect(await json("ping", "localhost")).toEqual({ jid: "localhost", ms: expect.any(Number) });
		const unknown = await antiphon(["ping", "nothing"], env);
		expect(unknown.code).toBe(STATUS.nobodyThere);
		expect(unknown.stderr).toContain(`${FUNCTIONS} knows of no service nothing`);
	});

	it("drain takes an instance out, of one service or of all", async () => {
		const extra = await join("worker");
		await serveDictionary(extra, "three");
		await extra.serve(clock, { now: () => 0 }, { domain: FUNCTIONS, instance: "three" });
		const plain = await antiphon(["drain", "three", "--service", "dictionary"], env);
		expect(plain).toMatchObject({ code: STATUS.ok, stdout: "dictionary/three drains\n", stderr: "" });
		await expect.poll(() => domain.instances).toBe(4);
		expect(await json("drain", "three", "--wait")).toEqual([{ service: "clock", instance: "three", left: true }]);
		expect(domain.instances).toBe(3);
		const gone = await antiphon(["drain", "three"], env);
		expect(gone).toMatchObject({ code: STATUS.nobodyThere, stdout: "" });
		expect(gone.stderr).toContain("no instance three is registered");
	});

	it("queues, calls and dead tell of durable calls, and redrive those that have failed", async () => {
		let isBroken = true;
		const add = (by: number) => {
			if (by < 0 && isBroken) throw new BusError("unavailable", "the till is shut");
		};
		const served = await (nodes[0] as Node).serve(ledger, { add }, { domain: FUNCTIONS, instance: "one" });
		const client = (nodes[2] as Node).client(ledger, { domain: FUNCTIONS });
		const sent = await client.add.send(7);
		await (nodes[2] as Node).outcome(sent);
		await expect(client.add(-7, { timeoutMs: LIMIT_MS })).rejects.toMatchObject({ code: "unavailable" });
		const [{ call, ...dead }] = await json("dead", "ls", "--from", "guest@localhost");
		expect(dead).toMatchObject({ function: "ledger.add", dead: true, attempts: 1, code: "unavailable" });
		isBroken = false;
		const [queues, story] = await Promise.all([
			json("queues"),
			antiphon(["calls", "show", `guest@localhost/${sent.split(":")[0]}`], env),
		]);
		const redriven = await json("dead", "redrive", "--all", "--function", "ledger.add");
		const [twice, shown] = await Promise.all([json("dead", "redrive", "--all"), json("calls", "show", String(call))]);
		expect(queues).toMatchObject({ durable: false, settled: expect.any(Number), dead: 1 });
		expect(story.stdout).toMatch(
			/^call \d+: ledger\.add 1\.0\.0, effectively-once\nof guest@localhost, .*\naccepted .* ago\n.*leased to one .*\n.*done in/,
		);
		expect(redriven).toEqual([{ call, again: { call: expect.any(Number), id: expect.stringMatching(/-r1$/) } }]);
		expect([twice, shown]).toMatchObject([[], { dead: false, redriven: redriven[0].again }]);
		await served.drain();
	});

	it("gen ts, describe and call take the newest of two majors, and with --major the other", async () => {
		const newer = service("dictionary", "2.0.0", { define: get({ output: z.boolean() }) });
		const served = await nodes[0]?.serve(newer, { define: () => true }, { domain: FUNCTIONS, instance: "newer" });
		const run = (...args: string[]) => antiphon(args, env);
		const [newest, older, described, called] = await Promise.all([
			run("gen", "ts", "dictionary"),
			run("gen", "ts", "--major", "dictionary=1"),
			run("describe", "dictionary"),
			run("call", "dictionary.define", '{"word":"x"}', "--json", "--major", "1"),
		]);
		expect(newest.stdout).toContain('service("dictionary", "2.0.0", {');
		expect(newest.stderr).toBe("dictionary 2.0.0 is written; there is also 1.2.0 (--major dictionary=1)\n");
		expect(older).toMatchObject({ code: STATUS.ok, stderr: "" });
		expect(older.stdout).toContain('service("dictionary", "1.2.0", {');
		expect(older.stdout).toContain('service("clock", "1.0.0", {');
		expect(described.stdout).toMatch(/^dictionary 2\.0\.0 .*\nthere is also 1\.2\.0: --major 1\n/);
		expect(called.stdout).toBe('"x"\n');
		await served?.drain();
	});

	it("is for administrators, and says so to others", async () => {
		const guest = {
			...accountEnvironment(server, "guest"),
			ANTIPHON_DOMAIN: FUNCTIONS,
			ANTIPHON_PASSWORD: USERS.guest,
		};
		for (const args of [["nodes"], ["stats"], ["stats", "--watch"], ["drain", "one"]]) {
			const { code, stdout } = await antiphon([...args, "--json"], guest);
			expect(code).toBe(STATUS.refused);
			expect(JSON.parse(stdout).error).toMatchObject({
				code: "forbidden",
				message: expect.stringContaining(`no administrator of ${FUNCTIONS}`),
			});
		}
		expect(domain.instances).toBe(3);
	});

	it("says what is wrong with the command line, or that no domain is hosted", async () => {
		for (const args of [
			["nodes", "a@b"],
			["stats", "a@b@c"],
			["stats", "--watch", "soon"],
			["stats", "--watch", "1ms"],
			["drain"],
			["drain", "one", "--service", "A"],
		]) {
			expect((await antiphon([...args, "--json"], env)).code).toBe(STATUS.usage);
		}
		expect((await antiphon(["nodes"], { ...env, ANTIPHON_DOMAIN: "" })).stderr).toMatch(/^antiphon: which domain\?/);
		const none = await antiphon(["nodes", "localhost"], env);
		expect(none.code).toBe(STATUS.nobodyThere);
		expect(none.stderr).toContain("Does a domain host run there");
	});

	it("stats --watch outlasts a domain that is away for a while", async () => {
		const watching = startAntiphon(["stats", "--watch", "100ms", "--json", "--timeout", "5s"], env);
		const looks = () =>
			watching
				.stdout()
				.split("\n")
				.slice(0, -1)
				.map((line) => JSON.parse(line));
		await watching.waitUntil("a look", () => looks().length > 0, LIMIT_MS);
		await domain.close();
		await watching.waitUntil("an error", () => looks().some((look) => "error" in look), LIMIT_MS);
		domain = await createDomain({ link: component(server), access: { admin: [{ allow: "me@localhost" }] } });
		await watching.waitUntil("a look again", () => "functions" in looks().at(-1), LIMIT_MS);
		watching.signal("SIGTERM");
		expect(await watching.exited).toEqual({ code: STATUS.ok, signal: null });
	});
});
