import { decodeStanzaError, iq, message, NS } from "@antiphon/protocol";
import { type Element, serialize, xml } from "@antiphon/xml";
import { describe, expect, it } from "vitest";
import { RawClient } from "./testing/raw-client.js";
import { eventually, recordingLog, startTestServer } from "./testing/start.js";

const body = (text: string) => xml("body", NS.client, {}, text);
const rosterGet = (id: string | number) => iq("get", { id: String(id) }, xml("query", NS.roster));
const condition = (stanza: Element) => (stanza.attr("type") === "error" ? decodeStanzaError(stanza).condition : "none");

/** Fills the roster of an account up to a bound on its bytes. */
async function fillRoster(client: RawClient, bytes: number): Promise<void> {
	const name = "n".repeat(1000);
	for (let i = 0; i < bytes / 1100; i++) {
		const item = xml("item", NS.roster, { jid: `contact${i}@localhost`, name });
		client.send(iq("set", { id: `fill${i}` }, xml("query", NS.roster, {}, item)));
	}
	await client.settle();
}

/** The longest time for which nothing else ran in this process, which is the server's too. */
async function longestStopMs(run: () => Promise<void>): Promise<number> {
	let last = performance.now();
	let longest = 0;
	const tick = () => {
		const now = performance.now();
		longest = Math.max(longest, now - last);
		last = now;
	};
	const timer = setInterval(tick, 1);
	try {
		await run();
	} finally {
		clearInterval(timer);
	}
	tick();
	return longest;
}

describe("A flood at a session that reads slowly", () => {
	const limits = { maxQueuedBytes: 1_000_000 };

	it("costs the flooder, not the session", async () => {
		const log = recordingLog();
		await using server = await startTestServer({ limits, log });
		using flooder = await RawClient.login(server.port, "a", "pw");
		using slow = await RawClient.login(server.port, "b", "pw", "slow");
		using other = await RawClient.login(server.port, "c", "pw");
		using component = await RawClient.component(server.componentPort, "fn.localhost", "s3cret");
		slow.socket.pause();
		const query = xml("q", "urn:q", {}, "x".repeat(20_000));
		let sent = 0;
		let refused: Element[] = [];
		while (refused.length === 0 && sent < 2000) {
			for (let i = 0; i < 10; i++) flooder.send(iq("get", { id: String(sent++), to: slow.jid }, query));
			refused = await flooder.settle();
		}
		expect(refused.map(condition)).toContain("resource-constraint");
		expect(decodeStanzaError(refused[0] as Element)).toMatchObject({ type: "wait" });
		// A sixteenth that is free, and a quarter of the queue.
		expect(server.stats().queuedBytes).toBeLessThan(320_000);
		expect(server.stats().dropped).toBe(refused.length);

		// Presence and what is an answer itself are dropped without a word; others still have room, in both ways.
		flooder.send(xml("presence", NS.client, { to: slow.jid }, xml("status", NS.client, {}, "x".repeat(5000))));
		for (let i = 0; i < 8; i++) flooder.send(iq("result", { id: "r", to: slow.jid }, query));
		expect(await flooder.settle()).toEqual([]);
		expect(server.stats().dropped).toBeGreaterThan(refused.length);
		other.send(message({ to: slow.jid, id: "from-other" }, body("hello")));
		component.send(message({ to: slow.jid, from: "x@fn.localhost", id: "from-component" }, body("hello")));
		expect([await other.settle(), server.stats().clients]).toEqual([[], 3]);

		slow.socket.resume();
		await slow.find((stanza) => stanza.attr("id") === "from-other");
		await slow.find((stanza) => stanza.attr("id") === "from-component");
		flooder.send(message({ to: slow.jid, id: "again" }));
		await slow.find((stanza) => stanza.attr("id") === "again");
		expect(server.stats()).toMatchObject({ clients: 3, queuedBytes: 0 });
		expect(log.lines.filter((line) => /b@localhost\/slow from .* reads too slowly/.test(line))).toHaveLength(1);
	});

	it("ends the flooder if it does not read that it is refused", async () => {
		const log = recordingLog();
		await using server = await startTestServer({ limits: { ...limits, closeTimeoutMs: 100 }, log });
		using flooder = await RawClient.login(server.port, "a", "pw", "flooder");
		using slow = await RawClient.login(server.port, "b", "pw", "slow");
		for (const client of [flooder, slow]) client.socket.pause();
		const flood = serialize(iq("get", { id: "x".repeat(500), to: slow.jid }, xml("q", "urn:q")), NS.client).repeat(100);
		for (let i = 0; i < 1000 && server.stats().clients === 2; i++) {
			flooder.write(flood);
			await new Promise((resolve) => setImmediate(resolve));
		}
		await eventually(() => server.stats().clients === 1, "the flooder is gone");
		expect(log.lines.join("\n")).toMatch(/a@localhost\/flooder from .*closed with resource-constraint.*maxQueuedBytes/);
		slow.socket.resume();
		expect((await slow.settle()).length).toBeGreaterThan(0);
	});

	it("does not have the session taken for dead while something waits before the ping", async () => {
		const log = recordingLog();
		const times = { pingAfterMs: 50, pingTimeoutMs: 200 };
		await using server = await startTestServer({ log, limits: { ...limits, ...times } });
		using flooder = await RawClient.login(server.port, "a", "pw");
		using slow = await RawClient.login(server.port, "b", "pw", "slow");
		slow.socket.pause();
		const headline = serialize(message({ to: slow.jid, type: "headline" }, body("x".repeat(20_000))), NS.client);
		const flood = async () => {
			flooder.write(headline.repeat(10));
			await flooder.settle();
		};
		while (server.stats().dropped === 0) {
			slow.write(" ");
			await flood();
		}
		// From now on it says nothing.
		const end = performance.now() + 1000;
		while (performance.now() < end) await flood();
		expect(log.lines.filter((line) => line.includes("closed"))).toEqual([]);
		expect(server.stats().clients).toBe(2);
	});
});

describe("A session that takes nothing from its socket", () => {
	it("is closed after a time, though it goes on sending", async () => {
		const log = recordingLog();
		const limits = { maxQueuedBytes: 1_000_000, stallTimeoutMs: 200, closeTimeoutMs: 100 };
		await using server = await startTestServer({ limits, log });
		using sender = await RawClient.login(server.port, "a", "pw");
		using stuck = await RawClient.login(server.port, "b", "pw", "stuck");
		stuck.socket.pause();
		const talking = setInterval(() => stuck.write(" "), 10);
		for (let i = 0; i < 2000 && server.stats().clients === 2; i++) {
			sender.send(message({ to: stuck.jid, type: "headline" }, body("x".repeat(20_000))));
			await sender.settle();
		}
		await eventually(() => server.stats().connections === 1, "it is gone");
		clearInterval(talking);
		expect(log.lines.join("\n")).toMatch(/b@localhost\/stuck from .*closed with resource-constraint.*stallTimeoutMs/);
		expect(server.stats().queuedBytes).toBe(0);
	});
});

describe("A flood of stanzas that take long", () => {
	it("of one session is not worked off before others are heard", async () => {
		await using server = await startTestServer();
		using flooder = await RawClient.login(server.port, "a", "pw", "flooder");
		using other = await RawClient.login(server.port, "b", "pw");
		const resources = await Promise.all(Array.from({ length: 90 }, () => RawClient.login(server.port, "a", "pw")));
		for (const resource of resources) await resource.available();
		const before = server.stats().routed;
		const flips = 700;
		// Each of these goes to 90 sessions.
		flooder.write("<presence type='unavailable'/><presence/>".repeat(flips));
		await other.settle();
		expect(server.stats().routed - before).toBeLessThan(flips);
		await eventually(() => server.stats().routed - before > 2 * flips, "all is worked on");
		expect(server.stats().clients).toBe(92);
		for (const resource of resources) resource[Symbol.dispose]();
	});

	it("of many sessions that have closed their sockets leaves nothing behind, also when the server closes", async () => {
		const server = await startTestServer();
		const sessions = await Promise.all(Array.from({ length: 30 }, () => RawClient.login(server.port, "a", "pw")));
		for (const session of sessions) await session.available();
		for (const session of sessions) {
			session.write("<presence type='unavailable'/><presence/>".repeat(200));
			session.socket.end();
		}
		await eventually(() => server.stats().routed > 1000, "some is worked on");
		await server.close();
		expect(server.stats()).toMatchObject({ connections: 0, clients: 0, queuedBytes: 0 });
	});
});

describe("A stanza that does not end", () => {
	it("ends the stream after a time, though bytes keep coming, and not the stream of who sends a long one", async () => {
		const log = recordingLog();
		await using server = await startTestServer({ log, limits: { stanzaTimeoutMs: 200, closeTimeoutMs: 100 } });
		using endless = await RawClient.login(server.port, "a", "pw", "endless");
		using quiet = await RawClient.login(server.port, "b", "pw", "quiet");
		endless.write("<message><x>");
		const talking = setInterval(() => endless.write(" "), 10);
		await eventually(() => server.stats().clients === 1, "it is gone");
		clearInterval(talking);
		expect(log.lines.join("\n")).toMatch(/a@localhost\/endless from .*connection-timeout.*stanzaTimeoutMs/);
		expect(await quiet.settle()).toEqual([]);
	});

	it("costs the account that begins the most of them a session, and nobody else", async () => {
		const log = recordingLog();
		await using server = await startTestServer({ log, limits: { maxReadingBytes: 1_000_000, closeTimeoutMs: 100 } });
		const begun = (elements: number) => `<message><x>${"<a/>".repeat(elements)}`;
		using honest = await RawClient.login(server.port, "b", "pw", "honest");
		using component = await RawClient.component(server.componentPort, "fn.localhost", "s3cret");
		honest.write(begun(4000));
		component.write(`<message from='fn.localhost' to='${honest.jid}'><x>${"<a/>".repeat(4000)}`);
		const greedy: RawClient[] = [];
		for (let i = 0; i < 10; i++) {
			const session = await RawClient.login(server.port, "a", "pw", `s${i}`);
			session.write(begun(2000 + i));
			greedy.push(session);
		}
		// Each is 136 kB.
		await eventually(() => log.lines.some((line) => /maxReadingBytes/.test(line)), "one had to go");
		const sentinel = "</x></message>";
		honest.write(sentinel);
		component.write(sentinel);
		expect((await honest.next()).elements().length).toBe(1);
		expect(await honest.settle()).toEqual([]);
		const lines = log.lines.filter((line) => /maxReadingBytes/.test(line));
		expect(lines.every((line) => /client a@localhost\/s\d from .*closed with resource-constraint/.test(line))).toBe(
			true,
		);
		expect(server.stats().components).toBe(1);
		for (const session of greedy) session[Symbol.dispose]();
	});
});

describe("What a peer asks for and does not read", () => {
	it("500 roster gets end the stream that sent them, and are not all worked on", async () => {
		const log = recordingLog();
		await using server = await startTestServer({ log });
		using greedy = await RawClient.login(server.port, "a", "pw", "greedy");
		using other = await RawClient.login(server.port, "b", "pw");
		await fillRoster(greedy, 250_000);
		greedy.take();
		const before = server.stats().routed;
		greedy.socket.pause();
		const stopMs = await longestStopMs(async () => {
			greedy.write(Array.from({ length: 500 }, (_, i) => serialize(rosterGet(i), NS.client)).join(""));
			await eventually(() => server.stats().clients === 1, "the stream is over");
		});
		greedy.socket.resume();
		// 16 MiB are 70 answers, and the system takes some more of them; each counts, and so does its request.
		expect(server.stats().routed - before).toBeLessThan(300);
		expect(stopMs).toBeLessThan(3000);
		expect(await greedy.streamError()).toBe("resource-constraint");
		expect(greedy.take().length).toBeLessThan(100);
		expect(log.lines.join("\n")).toMatch(/a@localhost\/greedy from .*maxQueuedBytes/);
		expect(await other.settle()).toEqual([]);
	});

	it("300 probes of 60 resources end the stream that sent them, and are not all worked on", async () => {
		await using server = await startTestServer();
		const status = xml("status", NS.client, {}, "x".repeat(8000));
		using prober = await RawClient.login(server.port, "a", "pw", "prober");
		const resources = await Promise.all(Array.from({ length: 60 }, () => RawClient.login(server.port, "a", "pw")));
		for (const resource of resources) await resource.available(status);
		const before = server.stats().routed;
		prober.socket.pause();
		const stopMs = await longestStopMs(async () => {
			prober.write("<presence type='probe' to='a@localhost'/>".repeat(300));
			await eventually(() => server.stats().clients === 60, "the stream is over");
		});
		prober.socket.resume();
		// 16 MiB are 2000 presences, and the system takes some more of them, of 18,000.
		expect(server.stats().routed - before).toBeLessThan(4000);
		expect(stopMs).toBeLessThan(3000);
		expect(await prober.streamError()).toBe("resource-constraint");
		for (const resource of resources) resource[Symbol.dispose]();
	});

	it("two accounts that do not read cannot exhaust the server", async () => {
		const log = recordingLog();
		const limits = { maxQueuedBytes: 4_000_000, maxQueuedTotalBytes: 6_000_000, closeTimeoutMs: 100 };
		await using server = await startTestServer({ limits, log });
		using other = await RawClient.login(server.port, "c", "pw", "other");
		const greedy: RawClient[] = [];
		for (const user of ["a", "b"]) {
			for (let i = 0; i < 6; i++) greedy.push(await RawClient.login(server.port, user, "pw"));
		}
		await fillRoster(greedy[0] as RawClient, 250_000);
		await fillRoster(greedy[6] as RawClient, 250_000);
		for (const client of greedy) client.socket.pause();
		let most = 0;
		for (let i = 0; i < 500 && server.stats().clients > 7; i++) {
			for (const client of greedy) if (!client.closed) client.send(rosterGet(i));
			expect(await other.settle()).toEqual([]);
			most = Math.max(most, server.stats().queuedBytes);
		}
		expect(server.stats().clients).toBeLessThanOrEqual(7);
		expect(most).toBeGreaterThan(3_000_000);
		expect(most).toBeLessThanOrEqual(6_000_000);
		expect(log.lines.join("\n")).toMatch(/client [ab]@localhost.*closed with resource-constraint.*maxQueuedTotalBytes/);
		expect(log.lines.join("\n")).not.toMatch(/c@localhost\/other.*closed/);
		for (const client of greedy) client[Symbol.dispose]();
	});
});

describe("A stanza that is larger written than it was read", () => {
	const namespace = `urn:${"n".repeat(100_000)}`;
	const many = (count: number, text: (i: number) => string) =>
		Array.from({ length: count }, (_, i) => text(i)).join("");
	const declared = many(61, (i) => ` xmlns:p${i}='u${i}'`);
	const used = many(61, (i) => ` p${i}:a=''`);

	it.each<[string, string]>([
		["a prefix of a long namespace", `<x xmlns:x='${namespace}'>${"<x:a/>".repeat(4000)}</x>`],
		[
			"attributes of a long namespace",
			`<x xmlns:x='${namespace}'>${many(500, () => `<a${many(30, (i) => ` x:a${i}=''`)}/>`)}</x>`,
		],
		["attributes that are declared one by one", `<x${declared}><y${used}/></x>`],
		["quotes", `<x a="${"'".repeat(200_000)}"/>`],
		["line ends in attributes", `<x a="${"&#xA;".repeat(50_000)}" b="${"\t".repeat(2)}"/><y>${"€\r".repeat(1)}</y>`],
		["text that is escaped", `<x>${"]]&gt;".repeat(10)}</x><x a='${'"'.repeat(200_000)}'/>`],
	])("costs its sender an error, and the receiver nothing: %s", async (what, payload) => {
		await using server = await startTestServer();
		using a = await RawClient.login(server.port, "a", "pw");
		using b = await RawClient.login(server.port, "b", "pw", "y");
		using fn = await RawClient.component(server.componentPort, "fn.localhost", "s3cret");
		for (const to of [b, fn]) {
			const stopMs = await longestStopMs(async () => {
				a.write(`<message id='1' to='${to.jid}'>${payload}</message>`);
				const refused = await a.settle();
				if (what === "line ends in attributes") {
					// Not longer than it came.
					expect(refused).toEqual([]);
					expect((await to.next()).attr("id")).toBe("1");
				} else {
					expect(refused.map(condition)).toEqual(["policy-violation"]);
				}
			});
			expect(stopMs).toBeLessThan(3000);
			expect(to === b ? await b.settle() : fn.take()).toEqual([]);
		}
	});

	it("is refused also where it would be kept, or broadcast, or given back with an answer", async () => {
		await using server = await startTestServer();
		using a = await RawClient.login(server.port, "a", "pw");
		using b = await RawClient.login(server.port, "b", "pw", "y");
		const bomb = `<x xmlns:x='${namespace}'>${"<x:a/>".repeat(100)}</x>`;
		const refusedWith = async (text: string) => {
			a.write(text);
			return (await a.settle()).map(condition);
		};
		expect(await refusedWith(`<message id='1' to='b@localhost'>${bomb}</message>`)).toEqual(["policy-violation"]);
		expect(await refusedWith(`<presence>${bomb}</presence>`)).toEqual(["policy-violation"]);
		expect(await refusedWith(`<presence type='subscribe' to='b@localhost'>${bomb}</presence>`)).toEqual([
			"policy-violation",
		]);
		const disco = `<iq type='get' id='2' to='localhost'><query xmlns='${NS.discoInfo}' node="`;
		expect(await refusedWith(`${disco}${"'".repeat(200_000)}"/></iq>`)).toEqual(["item-not-found"]);
		await b.available();
		expect((await b.settle()).map((stanza) => stanza.name)).toEqual([]);
		// Not even an error can give back such an id.
		a.write(`<iq type='get' id="${"'".repeat(200_000)}" to='localhost'><ping xmlns='${NS.ping}'/></iq>`);
		expect(await a.streamError()).toBe("policy-violation");
		expect(await b.settle()).toEqual([]);
	});

	it("passes with as many attributes as may be sent, and two more for the addresses", async () => {
		await using server = await startTestServer();
		using a = await RawClient.login(server.port, "a", "pw");
		using b = await RawClient.login(server.port, "b", "pw", "y");
		a.write(`<message to='${b.jid}'${many(61, (i) => ` a${i}=''`)}/>`);
		expect((await b.next()).attributes).toHaveLength(2 * 63);
		a.write(`<message to='${b.jid}'${many(62, (i) => ` a${i}=''`)}/>`);
		expect(await a.streamError()).toBe("policy-violation");
	});
});
