import { describe as describeService, fingerprint as fingerprintOf, type ServiceDescription } from "@antiphon/contract";
import { type Link, type MemoryBus, memoryBus } from "@antiphon/link";
import {
	decodeResolution,
	decodeStanzaError,
	encodeGrant,
	encodeRegister,
	encodeRenew,
	encodeResolve,
	iq,
	NS,
	presence,
	quietLog,
} from "@antiphon/protocol";
import { type Element, xml } from "@antiphon/xml";
import { createNode, get, service } from "antiphon";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { failure, host, join, NAME, untilTheEnd } from "./testing/bus.js";

const probe = service("probe", "1.0.0", { ask: get({ output: z.object({ by: z.string() }) }) });

/** A link without a node: it sends what the test writes, and answers as the test says. */
async function raw(bus: MemoryBus, jid: string, onStanza: (stanza: Element, link: Link) => void = () => {}) {
	const link = bus.link(jid);
	await link.open({ onState() {}, onStanza: (stanza) => onStanza(stanza, link) }, { timeoutMs: 1_000 });
	return untilTheEnd(link);
}

const serving = (by: string) => ({ ask: () => ({ by }) });
const registration = (name: string, instance: string, fingerprint = "f".repeat(22)) =>
	encodeRegister({ service: name, version: "1.0.0", fingerprint, instance, concurrency: 1, labels: {} });
const watch = (link: Link, name: string) =>
	link.send(iq("get", { id: name, to: `${name}@${NAME}` }, encodeResolve({ version: undefined, watchMs: 60_000 })));
/** Until everything that can happen without time passing has happened. */
const turns = async (count = 20) => {
	for (let i = 0; i < count; i++) await new Promise((resolve) => setImmediate(resolve));
};

describe("a domain that is flooded", () => {
	it("tells a thousand watchers of two hundred instances that start at once, not of each", async () => {
		const bus = memoryBus();
		// Nobody is forgotten while a busy machine takes its time.
		const domain = await host(bus, { limits: { maxInstancesPerAccount: 500, leaseMs: 300_000 } });
		const before = await join(bus, "worker@example.org/first");
		await before.serve(probe, serving("first"), { domain: NAME, instance: "first" });
		let pushes = 0;
		let watching = 0;
		const told = new Map<string, number>();
		for (let i = 0; i < 1_000; i++) {
			const jid = `watcher${i}@example.org/x`;
			const watcher = await raw(bus, jid, (stanza) => {
				if (stanza.name !== "message") {
					watching++;
					return;
				}
				pushes++;
				const { instances, total } = decodeResolution(stanza.child("instances", NS.resolve));
				told.set(jid, total ?? instances.length);
			});
			watch(watcher, "probe");
		}
		// Providers do not wait for those who only ask.
		await expect.poll(() => watching, { timeout: 60_000 }).toBe(1_000);
		const nodes = await Promise.all(Array.from({ length: 200 }, (_, i) => join(bus, `worker@example.org/${i}`)));
		await Promise.all(nodes.map((node, i) => node.serve(probe, serving(`${i}`), { domain: NAME, instance: `${i}` })));
		expect(domain.instances).toBe(201);
		await expect
			.poll(() => [...told.values()].filter((total) => total === 201).length, { timeout: 100_000 })
			.toBe(1_000);
		// Two hundred changes to a thousand watchers would be 200,000.
		expect(pushes).toBeLessThan(20_000);
	}, 120_000);

	it("lets one account register so many names and instances, and others as before", async () => {
		const bus = memoryBus();
		const limits = { maxInstancesPerAccount: 20, maxNamesPerAccount: 30, maxNames: 60 };
		const domain = await host(bus, { limits });
		const node = await join(bus, "greedy@example.org/x", { limits: { connectTimeoutMs: 400 } });
		let refused = 0;
		// Names that are given up at once: without a bound of its own the account would take all of them.
		for (let i = 0; i < 200; i++) {
			try {
				const served = await node.serve(service(`name-${i}`, "1.0.0", probe.functions), serving("g"), {
					domain: NAME,
				});
				await served.drain();
			} catch (error) {
				expect(error).toMatchObject({ code: "overloaded" });
				refused++;
				if (refused === 2) break;
			}
		}
		expect(refused).toBe(2);
		const alice = await join(bus, "alice@example.org/x");
		await alice.serve(probe, serving("alice"), { domain: NAME });
		expect(domain.instances).toBe(1);
	}, 30_000);

	it("asks one account for so many contracts at once, and others as before", async () => {
		const bus = memoryBus();
		const lines: string[] = [];
		const log = { ...quietLog, warn: (line: string) => void lines.push(line) };
		await host(bus, { log, limits: { maxContractsAsked: 8, askTimeoutMs: 60_000 } });
		const answers: (string | undefined)[] = [];
		// It registers, and never says what.
		const mallory = await raw(bus, "mallory@example.org/x", (stanza) => {
			if (stanza.attr("type") === "error") answers.push(stanza.child("error")?.child()?.name);
		});
		for (let i = 0; i < 1_000; i++) {
			mallory.send(iq("set", { id: `r${i}`, to: NAME }, registration(`name-${i}`, "x")));
		}
		await turns();
		expect(answers).toHaveLength(998);
		expect(new Set(answers)).toEqual(new Set(["resource-constraint"]));
		expect(lines).toContainEqual(
			expect.stringMatching(/^mallory@\S+ could not register name-2\/x: .*2 questions.* limits, in the config$/),
		);
		expect(lines.length).toBeLessThan(5);
		const alice = await join(bus, "alice@example.org/x");
		await alice.serve(probe, serving("alice"), { domain: NAME });
	});

	it("hears of providers at once, however many others ask, and from the same domain", async () => {
		const bus = memoryBus();
		await host(bus, { access: { call: [{ allow: "*" }] }, owners: { probe: "worker@evil.example" } });
		const answers: Element[] = [];
		const evil = await raw(bus, "evil.example", (stanza) => void answers.push(stanza));
		const asking = 6_000;
		for (let i = 0; i < asking; i++) {
			evil.send(iq("get", { id: "a", to: NAME, from: `a${i}@evil.example/x` }, xml("query", NS.discoInfo)));
		}
		const renewal = { service: "probe", instance: "x", state: "available", running: 0 } as const;
		evil.send(iq("set", { id: "renewal", to: NAME, from: "worker@evil.example/x" }, encodeRenew([renewal])));
		await expect.poll(() => answers.length, { timeout: 20_000 }).toBe(asking + 1);
		const refused = answers.filter((stanza) => stanza.attr("type") === "error");
		expect(refused.length, "as many wait as there is room for").toBeGreaterThan(0);
		const place = answers.findIndex((stanza) => stanza.attr("id") === "renewal");
		expect(answers[place]?.attr("type")).toBe("result");
		expect(answers.slice(place).filter((stanza) => stanza.attr("type") === "result").length).toBeGreaterThan(3_000);
	}, 30_000);

	it("finds a place for a new contract while a few accounts do not say theirs", async () => {
		const bus = memoryBus();
		await host(bus, { limits: { maxContractsAsked: 8, askTimeoutMs: 60_000 } });
		for (let account = 0; account < 4; account++) {
			const mallory = await raw(bus, `mallory${account}@example.org/x`);
			for (let i = 0; i < 10; i++)
				mallory.send(iq("set", { id: `r${i}`, to: NAME }, registration(`n${account}-${i}`, "x")));
		}
		await turns();
		for (const name of ["alice", "bob"]) {
			const node = await join(bus, `${name}@example.org/x`, { limits: { connectTimeoutMs: 1 } });
			await node.serve(service(name, "1.0.0", probe.functions), serving(name), { domain: NAME });
		}
	});

	it("tells callers of a service that is there, however many wait for names that nobody has", async () => {
		const bus = memoryBus();
		await host(bus, { limits: { maxWatchers: 1_600 } });
		const worker = await join(bus, "worker@example.org/x");
		await worker.serve(probe, serving("worker"), { domain: NAME });
		const granted = new Map<string, boolean[]>();
		const asker = (account: string) => {
			const answers: boolean[] = [];
			granted.set(account, answers);
			return raw(bus, `${account}@example.org/x`, (stanza) => {
				if (stanza.name === "iq") answers.push(decodeResolution(stanza.child("instances", NS.resolve)).watchMs > 0);
			});
		};
		const flooding = [0, 1, 2, 3].map((i) => `mallory${i}`);
		for (const account of flooding) {
			const mallory = await asker(account);
			for (let i = 0; i < 500; i++) watch(mallory, `nobody-${i}`);
		}
		const answersOf = (account: string) => granted.get(account) ?? [];
		for (const account of flooding) {
			await expect.poll(() => answersOf(account).length, { timeout: 10_000 }).toBe(500);
			// An eighth for all, of which everybody has a share, and 64 for one account.
			const places = answersOf(account).filter(Boolean).length;
			expect(places).toBeGreaterThanOrEqual(50);
			expect(places).toBeLessThanOrEqual(64);
		}
		watch(await asker("honest"), "probe");
		await expect.poll(() => answersOf("honest")).toEqual([true]);
	});

	it("tells callers of a service that is there, however much few accounts watch of what is there, too", async () => {
		const bus = memoryBus();
		await host(bus, { limits: { maxWatchers: 40, settleMs: 600_000, leaseMs: 300_000 } });
		const worker = await join(bus, "worker@example.org/x");
		const names = Array.from({ length: 20 }, (_, i) => `probe-${i}`);
		for (const name of names) {
			await worker.serve(service(name, "1.0.0", probe.functions), serving("worker"), { domain: NAME, instance: "one" });
		}
		const told: string[] = [];
		const asker = (account: string) =>
			raw(bus, `${account}@example.org/x`, (stanza) => {
				const { watchMs, instances } = decodeResolution(stanza.child("instances", NS.resolve));
				told.push(`${account} ${stanza.name} ${watchMs > 0} ${instances.length}`);
			});
		for (const account of ["mallory", "trudy"]) {
			const greedy = await asker(account);
			for (const name of names) watch(greedy, name);
			await expect.poll(() => told.filter((line) => line === `${account} iq true 1`)).toHaveLength(20);
		}
		watch(await asker("honest"), "probe-19");
		await expect.poll(() => told).toContain("honest iq true 1");
		const other = await join(bus, "worker@example.org/y");
		const again = service("probe-19", "1.0.0", probe.functions);
		await other.serve(again, serving("other"), { domain: NAME, instance: "two" });
		await expect.poll(() => told).toContain("honest message true 2");
		await expect.poll(() => told.filter((line) => line.endsWith("message true 2"))).toHaveLength(2);
	});

	it("tells those who waited for a name of its first instance, once", async () => {
		const bus = memoryBus();
		// When it has settled it tells once more, whenever that may be.
		await host(bus, { limits: { settleMs: 60_000 } });
		const told: number[] = [];
		const waiting = await raw(bus, "early@example.org/x", (stanza) => {
			const { instances } = decodeResolution(stanza.child("instances", NS.resolve));
			if (stanza.name === "message" && instances.length > 0) told.push(instances.length);
		});
		const ask = () =>
			waiting.send(iq("get", { id: "w", to: `probe@${NAME}` }, encodeResolve({ version: undefined, watchMs: 60_000 })));
		ask();
		await turns();
		const worker = await join(bus, "worker@example.org/x");
		await worker.serve(probe, serving("worker"), { domain: NAME });
		await expect.poll(() => told).toEqual([1]);
		// It watches a name that is known now.
		ask();
		await turns();
		await worker.serve(service("probe", "2.0.0", probe.functions), serving("worker"), {
			domain: NAME,
			instance: "two",
		});
		await expect.poll(() => told).toEqual([1, 2]);
	});

	it("does not take the contract of one name for that of another with the same fingerprint", async () => {
		const bus = memoryBus();
		const domain = await host(bus);
		const description = describeService(probe);
		// It says the same whatever it is asked for.
		const liar = await raw(bus, "liar@example.org/x", (stanza, link) => {
			if (stanza.attr("type") !== "get") return;
			const contract = xml("contract", NS.contract, { enc: "json" }, JSON.stringify(description));
			link.send(xml("iq", NS.client, { type: "result", id: stanza.attr("id"), to: NAME }, contract));
		});
		for (const name of ["probe", "other"]) {
			liar.send(iq("set", { id: name, to: NAME }, registration(name, "x", description.fingerprint)));
		}
		await expect.poll(() => domain.instances).toBe(1);
		await turns();
		expect(domain.instances).toBe(1);
	});

	it("does not grant a contract whose functions cannot have addresses, and says why", async () => {
		const bus = memoryBus();
		const domain = await host(bus);
		const { functions, ...rest } = describeService(probe);
		const twice = { ...rest, functions: { ask: functions["ask"], ASK: functions["ask"] } } as ServiceDescription;
		const described = { ...twice, fingerprint: fingerprintOf(twice) };
		const answers: Element[] = [];
		const provider = await raw(bus, "worker@example.org/x", (stanza, link) => {
			if (stanza.attr("type") !== "get") return void answers.push(stanza);
			const contract = xml("contract", NS.contract, { enc: "json" }, JSON.stringify(described));
			link.send(xml("iq", NS.client, { type: "result", id: stanza.attr("id"), to: NAME }, contract));
		});
		provider.send(iq("set", { id: "1", to: NAME }, registration("probe", "x", described.fingerprint)));
		await expect.poll(() => answers.length).toBe(1);
		const { condition, text } = decodeStanzaError(answers[0] as Element);
		expect([condition, text]).toEqual(["bad-request", expect.stringContaining("ask and ASK differ only in case")]);
		expect(domain.instances).toBe(0);
		// It was not granted, so the name is nobody's yet.
		const alice = await join(bus, "alice@example.org/x");
		await alice.serve(probe, serving("alice"), { domain: NAME });
	});

	it("does not believe what a contract says of its own fingerprint", async () => {
		const bus = memoryBus();
		const domain = await host(bus);
		const { fingerprint } = describeService(probe);
		const lying = { ...describeService(probe), fingerprint: "x".repeat(22) };
		const liar = await raw(bus, "worker@example.org/liar", (stanza, link) => {
			if (stanza.attr("type") !== "get") return;
			const contract = xml("contract", NS.contract, { enc: "json" }, JSON.stringify(lying));
			link.send(xml("iq", NS.client, { type: "result", id: stanza.attr("id"), to: NAME }, contract));
		});
		liar.send(iq("set", { id: "1", to: NAME }, registration("probe", "lie", "x".repeat(22))));
		liar.send(iq("set", { id: "2", to: NAME }, registration("probe", "true", fingerprint)));
		await expect.poll(() => domain.instances).toBe(1);
		// Whoever has the same contract can still join.
		const honest = await join(bus, "worker@example.org/honest");
		await honest.serve(probe, serving("honest"), { domain: NAME });
		expect(domain.instances).toBe(2);
	});
});

describe("the log of a domain", () => {
	it("cannot be filled by a provider that comes and goes, or by many that fall silent", async () => {
		const bus = memoryBus();
		const lines: string[] = [];
		const keep = (line: string) => void lines.push(line);
		const log = { ...quietLog, info: keep, warn: keep, error: keep };
		const domain = await host(bus, { log, limits: { leaseMs: 500 } });
		const description = describeService(probe);
		const contract = xml("contract", NS.contract, { enc: "json" }, JSON.stringify(description));
		let granted = 0;
		const worker = await raw(bus, "worker@example.org/x", (stanza, link) => {
			if (stanza.child("registered", NS.registry) !== undefined) granted++;
			if (stanza.attr("type") !== "get") return;
			link.send(xml("iq", NS.client, { type: "result", id: stanza.attr("id"), to: NAME }, contract));
		});
		const startMs = performance.now();
		const register = (instance: string) =>
			worker.send(iq("set", { id: instance, to: NAME }, registration("probe", instance, description.fingerprint)));
		for (let i = 0; i < 50; i++) {
			register("x");
			await expect.poll(() => granted, { interval: 1, timeout: 10_000 }).toBe(i + 1);
			worker.send(presence({ to: NAME, type: "unavailable" }));
		}
		await expect.poll(() => domain.instances).toBe(0);
		// Ten in a second, and however many seconds that takes where others need the machine.
		const atMost = () => 10 * (Math.ceil((performance.now() - startMs) / 1_000) + 1);
		for (const what of ["has registered probe/x, version 1.0.0", "has gone"]) {
			const said = lines.filter((line) => line.startsWith("worker@example.org/x ") && line.includes(what));
			expect(said.length).toBeGreaterThan(0);
			expect(said.length).toBeLessThanOrEqual(atMost());
		}
		lines.length = 0;
		for (let i = 0; i < 200; i++) register(`${i}`);
		await expect.poll(() => granted, { timeout: 10_000 }).toBe(250);
		await expect.poll(() => domain.instances, { timeout: 10_000 }).toBe(0);
		const forgotten = lines.filter((line) => line.includes("not heard of"));
		expect(forgotten.length).toBeLessThanOrEqual(atMost());
		expect(forgotten.join()).toMatch(/probe.* and \d+ more were not heard of for 500 ms and are forgotten/);
	}, 30_000);
});

describe("a domain that is lied to", () => {
	it("refuses instances that are spelled as no resource is", async () => {
		const bus = memoryBus();
		const domain = await host(bus);
		const conditions: (string | undefined)[] = [];
		const mallory = await raw(bus, "mallory@example.org/x", (stanza) => {
			if (stanza.attr("type") === "error") conditions.push(stanza.child("error")?.child()?.name);
		});
		const names = ["", "x".repeat(129), "a\u200bb", "e\u0301"];
		for (const [i, name] of names.entries()) {
			mallory.send(iq("set", { id: `r${i}`, to: NAME }, registration("probe", name)));
		}
		await turns();
		expect(domain.instances).toBe(0);
		expect(new Set(conditions)).toEqual(new Set(["bad-request"]));
	});

	it("lets nobody call a provider that has not heard from it whom to let in", async () => {
		const bus = memoryBus();
		const asked: Element[] = [];
		const domain = await raw(bus, NAME, (stanza) => void asked.push(stanza));
		const node = await join(bus, "worker@example.org/x");
		const served = node.serve(probe, serving("worker"), { domain: NAME });
		const friend = await join(bus, "friend@example.org/x");
		const client = friend.client(probe, { to: node.jid });
		expect(await failure(client.ask())).toMatchObject({ code: "unavailable", executed: "no" });
		await expect.poll(() => asked.some((stanza) => stanza.child("register") !== undefined)).toBe(true);
		const request = asked.find((stanza) => stanza.child("register") !== undefined);
		const grant = encodeGrant({ leaseMs: 15_000, access: [{ effect: "allow", who: "*@example.org", what: "*" }] });
		const answer = { type: "result", id: request?.attr("id"), from: NAME, to: node.jid };
		domain.send(xml("iq", NS.client, answer, grant));
		await served;
		await expect(client.ask()).resolves.toEqual({ by: "worker" });
		const stranger = await join(bus, "stranger@evil.example/x");
		expect(await failure(stranger.client(probe, { to: node.jid }).ask())).toMatchObject({ code: "forbidden" });
	});

	it("cannot be spoken for: instances and grants of strangers count for nothing", async () => {
		const bus = memoryBus();
		await host(bus);
		const worker = await join(bus, "worker@example.org/x");
		await worker.serve(probe, serving("worker"), { domain: NAME, instance: "true" });
		const caller = await join(bus, "caller@example.org/x");
		const client = caller.client(probe, { domain: NAME });
		await expect(client.ask()).resolves.toEqual({ by: "worker" });
		const forged = xml(
			"instances",
			NS.resolve,
			{ service: "probe", known: "true", watch: "60000" },
			xml("instance", NS.resolve, {
				name: "true",
				jid: "mallory@example.org/x",
				v: "1.0.0",
				running: "0",
				concurrency: "9",
			}),
		);
		const mallory = await raw(bus, "mallory@example.org/x");
		const address = { to: caller.jid, type: "headline" };
		// As itself: the bus, like every server, stamps who sends.
		mallory.send(xml("message", NS.client, address, forged));
		mallory.send(xml("message", NS.client, { ...address, from: `probe@${NAME}` }, forged));
		const evil = await raw(bus, "fn.examp1e.org");
		evil.send(xml("message", NS.client, { ...address, from: "probe@fn.examp1e.org" }, forged));
		for (const name of ["registered", "renewed"]) {
			const open = xml("access", NS.registry, {}, xml("allow", NS.registry, { who: "*", what: "*" }));
			mallory.send(
				xml("iq", NS.client, { type: "result", id: "1", to: worker.jid }, xml(name, NS.registry, { lease: "1" }, open)),
			);
		}
		await turns();
		await expect(client.ask()).resolves.toEqual({ by: "worker" });
		const stranger = await join(bus, "stranger@evil.example/x");
		expect(await failure(stranger.client(probe, { to: worker.jid }).ask())).toMatchObject({ code: "forbidden" });
	});

	it("does not take who looks like the owner of a name for the owner", async () => {
		const bus = memoryBus();
		const domain = await host(bus, { access: { register: [{ allow: "*" }], call: [{ allow: "*" }] } });
		const owner = await join(bus, "worker@example.org/x");
		const served = await owner.serve(probe, serving("owner"), { domain: NAME });
		await served.drain();
		const lookalikes = [
			"w\u043erker@example.org/x",
			"worker@example.org.evil.example/x",
			"worker@evil.example/worker@example.org",
			"worker@ex\u00e4mple.org/x",
		];
		for (const jid of lookalikes) {
			const node = await join(bus, jid);
			const error = await failure(node.serve(probe, serving("evil"), { domain: NAME }));
			expect(error, jid).toMatchObject({ code: "forbidden" });
		}
		expect(domain.instances).toBe(0);
		// However it is written, it is the same account.
		const again = await join(bus, "WORKER@Example.ORG/y");
		await again.serve(probe, serving("owner"), { domain: NAME });
	});
});

describe("calls that a domain passes on", () => {
	it("hold their places for so long, and of one service so many, whatever deadlines they state", async () => {
		const bus = memoryBus();
		await host(bus, { limits: { maxCalls: 10, maxCallsPerService: 4, maxCallsPerCaller: 3, maxCallMs: 1_000 } });
		const silent = await join(bus, "mallory@example.org/x");
		const forever = () => new Promise<never>(() => {});
		// Of two majors: the share is the service's.
		for (const version of ["1.0.0", "2.0.0"]) {
			const hole = service("hole", version, { fall: get({}) });
			await silent.serve(hole, { fall: forever }, { domain: NAME, instance: version });
		}
		const worker = await join(bus, "worker@example.org/x");
		await worker.serve(probe, serving("worker"), { domain: NAME });
		const callers = await Promise.all([0, 1, 2, 3].map((i) => join(bus, `u${i}@example.org/x`)));
		const outcomes = Promise.all(
			callers.flatMap((node) =>
				["1.0.0", "2.0.0", "1.0.0"].map((version) => {
					const { fall } = node.client(service("hole", version, { fall: get({}) }), { to: `hole@${NAME}` });
					return failure(fall(undefined, { timeoutMs: 86_400_000 }));
				}),
			),
		);
		const caller = await join(bus, "caller@example.org/x");
		await expect(caller.client(probe, { to: `probe@${NAME}` }).ask()).resolves.toEqual({ by: "worker" });
		const codes = (await outcomes).map(({ code, message }) => `${code}: ${message}`);
		expect(codes.filter((code) => code.startsWith("overloaded: hole@"))).toHaveLength(8);
		expect(codes.filter((code) => code.startsWith("deadline-exceeded: "))).toHaveLength(4);
		await expect(caller.client(probe, { to: `probe@${NAME}` }).ask()).resolves.toEqual({ by: "worker" });
	});

	it("are made elsewhere when the instance of a get has gone without a word", async () => {
		const bus = memoryBus();
		await host(bus);
		const read = service("read", "1.0.0", { one: get({ output: z.string() }) });
		const link = bus.link("worker@example.org/a");
		const first = await createNode({ link });
		untilTheEnd(first);
		let hanging = 0;
		const hang = () => {
			hanging++;
			return new Promise<string>(() => {});
		};
		await first.serve(read, { one: hang }, { domain: NAME, instance: "a" });
		const caller = await join(bus, "caller@example.org/x");
		const answer = caller.client(read, { to: `read.one@${NAME}` }).one(undefined, { timeoutMs: 60_000 });
		await expect.poll(() => hanging).toBe(1);
		const second = await join(bus, "worker@example.org/b");
		await second.serve(read, { one: () => "second" }, { domain: NAME, instance: "b" });
		await expect(Promise.race([answer, turns().then(() => "waits")])).resolves.toBe("waits");
		link.destroy();
		await expect(answer).resolves.toBe("second");
	});
});
