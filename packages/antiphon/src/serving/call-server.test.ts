import type { Link } from "@antiphon/link";
import { type Call, decodeFault, decodeStanzaError, encodeCall, iq, message, NS, presence } from "@antiphon/protocol";
import { type Element, xml } from "@antiphon/xml";
import { describe, expect, it, vi } from "vitest";
import { service } from "../index.js";
import { DOMAIN, echoing, FakeLink, failureOf, fakeNode, gate, probe, rawLink, turn, world } from "../testing/bus.js";

const ADDRESS = `probe.echo@${DOMAIN}/one`;

const callOf = (over: Partial<Call> = {}): Element =>
	encodeCall({
		fn: "probe.echo",
		version: "1.0.0",
		ttlMs: 5_000,
		encoding: "json",
		input: { word: "x" },
		...over,
	});

/** What an error answer tells. */
const told = (answer: Element) => {
	expect(answer.attr("type")).toBe("error");
	const { code, executed, message } = decodeFault(decodeStanzaError(answer));
	return { code, executed, message };
};

async function provider(...args: Parameters<typeof world>) {
	const it = await world(...args);
	return { ...it, raw: await rawLink(it.bus, "raw@example.org/x") };
}

describe("a provider", () => {
	it("answers a hand-made call from the address that was asked", async () => {
		const { raw } = await provider();
		const answer = await raw.ask("get", ADDRESS, callOf());
		expect(answer.attr("from")).toBe(ADDRESS);
		expect(answer.child("reply", NS.rpc)?.text()).toBe('{"text":"x"}');
	});

	it("lets no call take longer than its own limit, whatever deadline that states", async () => {
		const { raw } = await provider({ echo: () => new Promise(() => {}) }, { provider: { limits: { maxCallMs: 50 } } });
		const answer = await raw.ask("get", ADDRESS, callOf({ ttlMs: 86_400_000 }));
		expect(told(answer)).toMatchObject({
			code: "deadline-exceeded",
			message: expect.stringMatching(/within 50 ms, the longest that a call may take here/),
		});
	});

	it.each([
		["input that its schema refuses", callOf({ input: { word: 7 } }), "invalid-argument"],
		["no input where there must be one", callOf({ input: undefined }), "invalid-argument"],
		["input that is not JSON", callOf().withChildren("{"), "invalid-argument"],
		["elements for input", callOf().withChildren(xml("a", "urn:x")), "invalid-argument"],
		["no fn", callOf().with({ fn: undefined }), "invalid-argument"],
		["an fn that is no name", callOf().with({ fn: "__proto__" }), "invalid-argument"],
		["no ttl", callOf().with({ ttl: undefined }), "invalid-argument"],
		["a ttl that is no number", callOf().with({ ttl: "1e3" }), "invalid-argument"],
		["an unknown encoding", callOf().with({ enc: "xml" }), "invalid-argument"],
		["a version that is none", callOf().with({ v: "new" }), "invalid-argument"],
		["a newer version", callOf({ version: "1.3.0" }), "unimplemented"],
		["a function that it does not have", callOf({ fn: "probe.forget" }), "unimplemented"],
		["a service that it does not have", callOf({ fn: "other.echo" }), "not-found"],
	])("refuses %s, and runs nothing", async (_, call, code) => {
		let ran = 0;
		const { raw } = await provider({
			echo: () => {
				ran++;
				return { text: "" };
			},
		});
		expect(told(await raw.ask("get", ADDRESS, call))).toMatchObject({ code, executed: "no" });
		expect(ran).toBe(0);
	});

	it("refuses a call whose address says another function or service", async () => {
		const { raw, provider: node } = await provider();
		await node.serve(service("other", "1.0.0", probe.functions), echoing);
		for (const [to, fn] of [
			[ADDRESS, "probe.learn"],
			[`probe@${DOMAIN}`, "other.learn"],
			[`other.learn@${DOMAIN}`, "probe.learn"],
		] as const) {
			expect(told(await raw.ask("set", to, callOf({ fn })))).toEqual({
				code: "invalid-argument",
				executed: "no",
				message: `fn is ${fn}, but the call went to ${to}`,
			});
		}
	});

	it("refuses a get of a set, and the reverse", async () => {
		const { raw } = await provider();
		expect(told(await raw.ask("set", ADDRESS, callOf()))).toMatchObject({
			code: "invalid-argument",
			message: "probe.echo is a get: ask with an iq of type get",
		});
		const learn = callOf({ fn: "probe.learn" });
		expect(told(await raw.ask("get", `probe.learn@${DOMAIN}`, learn)).code).toBe("invalid-argument");
	});

	it("takes a call without version, at the function, the service and the domain", async () => {
		const { raw } = await provider();
		for (const to of [`probe.echo@${DOMAIN}`, `PROBE.Echo@${DOMAIN}/one`, `probe@${DOMAIN}`, DOMAIN]) {
			const answer = await raw.ask("get", to, callOf({ version: undefined }));
			expect(answer.attr("type")).toBe("result");
		}
		expect(told(await raw.ask("get", `probe.echo@${DOMAIN}/two`, callOf())).code).toBe("not-found");
		expect(told(await raw.ask("get", `nothing@${DOMAIN}`, callOf())).code).toBe("not-found");
	});

	it("tells a function that a service does not have from a service that is not there, at every address", async () => {
		const { raw } = await provider();
		const refusal = async (to: string, fn: string) => {
			const { code, executed } = told(await raw.ask("get", to, callOf({ fn })));
			return [code, executed];
		};
		for (const to of [`probe.forget@${DOMAIN}`, `probe.forget@${DOMAIN}/one`, `probe@${DOMAIN}`, ADDRESS, DOMAIN]) {
			expect(await refusal(to, "probe.forget")).toEqual(["unimplemented", "no"]);
		}
		for (const to of [`other.forget@${DOMAIN}`, `other@${DOMAIN}`, `prob@${DOMAIN}`, `probe.forget@${DOMAIN}/two`]) {
			expect(await refusal(to, "probe.forget")).toEqual(["not-found", "no"]);
		}
		expect(await refusal(DOMAIN, "other.forget")).toEqual(["not-found", "no"]);
	});

	it("does not run a call that arrives dead", async () => {
		let ran = 0;
		const { raw } = await provider({
			echo: () => {
				ran++;
				return { text: "" };
			},
		});
		const answer = await raw.ask("get", ADDRESS, callOf({ ttlMs: 0 }));
		expect(told(answer)).toMatchObject({ code: "deadline-exceeded", executed: "no" });
		expect(ran).toBe(0);
	});

	it("answers by the deadline when the handler does not end, and keeps its place until it does", async () => {
		const { open, opened } = gate();
		const { raw } = await provider(
			{
				echo: async () => {
					await opened;
					return { text: "late" };
				},
			},
			{ serve: { concurrency: 1 } },
		);
		const late = await raw.ask("get", ADDRESS, callOf({ ttlMs: 20 }));
		expect(told(late)).toMatchObject({ code: "deadline-exceeded", executed: "unknown" });
		expect(told(await raw.ask("get", ADDRESS, callOf()))).toMatchObject({ code: "overloaded", executed: "no" });
		open();
		await turn();
		expect((await raw.ask("get", ADDRESS, callOf())).attr("type")).toBe("result");
		expect(raw.stanzas.length).toBe(3);
	});

	it("ignores a copy of a call that runs, so that it runs once and is answered once", async () => {
		let ran = 0;
		const { open, opened } = gate();
		const { raw } = await provider({
			echo: async () => {
				ran++;
				await opened;
				return { text: "x" };
			},
		});
		for (let n = 0; n < 3; n++) raw.link.send(iq("get", { to: ADDRESS, id: "same" }, callOf()));
		await turn(2);
		open();
		await turn(3);
		expect(ran).toBe(1);
		expect(raw.stanzas.map((stanza) => stanza.attr("type"))).toEqual(["result"]);
		raw.link.send(iq("get", { to: ADDRESS, id: "same" }, callOf()));
		await turn(3);
		expect(ran).toBe(2);
	});

	it("runs a set once: a copy that comes after its end is refused, also when the handler failed or was too slow", async () => {
		let ran = 0;
		const { open, opened } = gate();
		const { raw, bus } = await provider({
			learn: async ({ word }) => {
				ran++;
				if (word === "fail") throw new Error("broken");
				if (word === "slow") await opened;
			},
		});
		const other = await rawLink(bus, "raw@example.org/y");
		const to = `probe.learn@${DOMAIN}/one`;
		const send = (link: typeof raw.link, id: string, word: unknown, ttlMs = 5_000) =>
			link.send(iq("set", { to, id }, callOf({ fn: "probe.learn", input: { word }, ttlMs })));
		for (const word of ["well", "fail"]) {
			send(raw.link, word, word);
			await turn(4);
			send(raw.link, word, word);
			await turn(4);
		}
		expect(ran).toBe(2);
		expect(raw.stanzas.map((answer) => answer.attr("type"))).toEqual(["result", "error", "error", "error"]);
		const copy = { code: "conflict", executed: "unknown", message: expect.stringContaining("an id of its own") };
		for (const index of [1, 3]) expect(told(raw.stanzas[index] as Element)).toEqual(copy);
		// Its deadline is over, its handler is not.
		send(raw.link, "slow", "slow", 5);
		await vi.waitFor(() => expect(raw.stanzas.length).toBe(5));
		send(raw.link, "slow", "slow");
		await turn(4);
		open();
		expect(told(raw.stanzas[5] as Element)).toEqual(copy);
		// The same id of somebody else is another call.
		send(other.link, "well", "well");
		await turn(4);
		expect(other.stanzas.map((answer) => answer.attr("type"))).toEqual(["result"]);
		expect(ran).toBe(4);
	});

	it("runs a set whose first call did not get as far as its handler", async () => {
		let ran = 0;
		const { raw } = await provider({ learn: () => void ran++ });
		const to = `probe.learn@${DOMAIN}/one`;
		for (const over of [{ input: { word: 7 } }, { ttlMs: 0 }, { version: "9.0.0" }, { input: { word: "x" } }]) {
			raw.link.send(iq("set", { to, id: "same" }, callOf({ fn: "probe.learn", ...over })));
			await turn(4);
		}
		expect(raw.stanzas.map((answer) => answer.attr("type"))).toEqual(["error", "error", "error", "result"]);
		expect(ran).toBe(1);
	});

	it("runs the calls of two callers with one id", async () => {
		const { bus, raw } = await provider();
		const other = await rawLink(bus, "other@example.org/x");
		for (const { link } of [raw, other]) link.send(iq("get", { to: ADDRESS, id: "same" }, callOf()));
		await turn(3);
		expect([raw.stanzas.length, other.stanzas.length]).toEqual([1, 1]);
	});

	it("refuses above its concurrency, and above the bound for one caller", async () => {
		const { open, opened } = gate();
		const echo = async () => {
			await opened;
			return { text: "" };
		};
		const { raw, caller } = await provider(
			{ echo },
			{ serve: { concurrency: 3 }, provider: { limits: { maxCallsInPerPeer: 2 } } },
		);
		const asked = [raw.ask("get", ADDRESS, callOf()), raw.ask("get", ADDRESS, callOf())];
		expect(told(await raw.ask("get", ADDRESS, callOf()))).toMatchObject({
			code: "overloaded",
			message: "this node is at its limit of 2 calls from one caller",
		});
		const client = caller.client(probe, { domain: DOMAIN });
		const third = client.echo({ word: "x" });
		expect(await failureOf(client.echo({ word: "x" }))).toMatchObject({
			code: "overloaded",
			executed: "no",
			retryAfterMs: 100,
			message: "probe is at its limit of 3 calls",
		});
		// A refused call gives back what it had taken.
		open();
		await Promise.all([...asked, third]);
		await expect(Promise.all([1, 2, 3].map(() => client.learn({ word: "x" })))).rejects.toMatchObject({
			message: "this node is at its limit of 2 calls from one caller",
		});
		await turn(3);
		await expect(Promise.all([1, 2].map(() => client.learn({ word: "x" })))).resolves.toBeDefined();
	});

	it("bounds what a node asks for, too", async () => {
		const { caller } = await provider(
			{ echo: () => new Promise(() => {}) },
			{ caller: { limits: { maxCallsOut: 1 } } },
		);
		const client = caller.client(probe, { domain: DOMAIN });
		const first = failureOf(client.echo({ word: "x" }));
		expect(await failureOf(client.learn({ word: "x" }))).toMatchObject({ code: "overloaded", executed: "no" });
		await caller.close();
		expect(await first).toMatchObject({ code: "link-lost", executed: "unknown" });
	});

	it("answers what it does not know with service-unavailable, and malformed iqs with bad-request", async () => {
		const { raw } = await provider();
		const condition = async (type: "get" | "set", payload: Element) =>
			decodeStanzaError(await raw.ask(type, ADDRESS, payload)).condition;
		expect(await condition("get", xml("query", "jabber:iq:roster"))).toBe("service-unavailable");
		expect(await condition("set", xml("ping", NS.ping))).toBe("service-unavailable");
		expect(await condition("set", xml("cancel", NS.rpc))).toBe("service-unavailable");
		raw.link.send(iq("get", { to: ADDRESS, id: "empty" }));
		raw.link.send(iq("get", { to: ADDRESS, id: "two" }).withChildren(callOf(), callOf()));
		raw.link.send(iq("get", { to: ADDRESS, id: "type" }, callOf()).with({ type: "ask" }));
		raw.link.send(iq("get", { to: ADDRESS, id: "none" }, callOf()).with({ type: undefined }));
		raw.link.send(iq("get", { to: ADDRESS }, callOf()));
		await turn(3);
		const answers = raw.stanzas.slice(3).map((stanza) => [stanza.attr("id"), decodeStanzaError(stanza).condition]);
		expect(answers).toEqual([
			["empty", "bad-request"],
			["two", "bad-request"],
			["type", "bad-request"],
			["none", "bad-request"],
			[undefined, "bad-request"],
		]);
	});

	it("takes no harm from messages, presence, stray answers and what is no stanza", async () => {
		const { raw, caller, log } = await provider();
		const to = ADDRESS;
		raw.link.send(message({ to, id: "1" }, xml("body", NS.client, {}, "hello")));
		raw.link.send(message({ to, type: "error" }, xml("cancel", NS.rpc, { id: "1" })));
		raw.link.send(presence({ to }));
		raw.link.send(presence({ to, type: "subscribe" }));
		raw.link.send(iq("result", { to, id: "1" }, callOf()));
		raw.link.send(iq("error", { to, id: "__proto__" }, callOf()));
		await turn(3);
		expect(raw.stanzas).toEqual([]);
		expect(log.lines).toEqual([]);
		await expect(caller.client(probe, { domain: DOMAIN }).echo({ word: "x" })).resolves.toBeDefined();
		const link = new FakeLink();
		await fakeNode(link);
		link.receive(xml("ping", NS.ping));
		link.receive(iq("get", { id: "1" }, callOf()));
		link.receive(iq("get", { id: "1", from: "@", to: "@" }, callOf()));
		expect(link.sent).toEqual([]);
	});
});

describe("a cancellation", () => {
	const cancel = (id: string | undefined) => xml("cancel", NS.rpc, { id });

	/** A provider whose handler waits for its signal. */
	async function waiting() {
		const reasons: unknown[] = [];
		const started = gate();
		const it = await provider({
			echo: (_, ctx) =>
				new Promise((_resolve, reject) => {
					started.open();
					ctx.signal.addEventListener("abort", () => {
						reasons.push(ctx.signal.reason);
						reject(ctx.signal.reason);
					});
				}),
		});
		return { ...it, reasons, started: started.opened };
	}

	it("of the caller's signal aborts the signal of the handler, long before the deadline", async () => {
		const { caller, reasons, started, log } = await waiting();
		const abort = new AbortController();
		const call = failureOf(caller.client(probe, { domain: DOMAIN }).echo({ word: "x" }, { signal: abort.signal }));
		await started;
		abort.abort(new Error("changed my mind"));
		expect(await call).toMatchObject({ code: "cancelled", executed: "unknown", cause: new Error("changed my mind") });
		await turn(3);
		expect(reasons).toEqual([expect.objectContaining({ code: "cancelled" })]);
		// It is no failure of the handler.
		expect(log.lines.filter((line) => !line.startsWith("debug"))).toEqual([]);
	});

	it("is a headline from the address that called, with the id of the call", async () => {
		const link = new FakeLink();
		const node = await fakeNode(link);
		const abort = new AbortController();
		const call = failureOf(node.client(probe, { to: ADDRESS }).echo({ word: "x" }, { signal: abort.signal }));
		await turn();
		abort.abort();
		await call;
		const [asked, told] = link.sent;
		expect(told).toEqual(message({ to: ADDRESS, type: "headline" }, cancel(asked?.attr("id") as string)));
	});

	it("counts only from the caller itself, for its own call", async () => {
		const { bus, raw, reasons, started } = await waiting();
		raw.link.send(iq("get", { to: ADDRESS, id: "mine" }, callOf()));
		await started;
		const mallory = await rawLink(bus, "raw@example.org/y");
		for (const id of ["mine", "other", "", undefined]) mallory.link.send(message({ to: ADDRESS }, cancel(id)));
		for (const id of ["other", "", undefined]) raw.link.send(message({ to: ADDRESS }, cancel(id)));
		await turn(3);
		expect(reasons).toEqual([]);
		raw.link.send(message({ to: ADDRESS }, cancel("mine")));
		raw.link.send(message({ to: ADDRESS }, cancel("mine")));
		await turn(3);
		expect(reasons.length).toBe(1);
		const faults = raw.stanzas.map((answer) => answer.child("error", NS.client)?.child("fault", NS.rpc));
		expect(faults.map((fault) => [fault?.attr("code"), fault?.attr("executed")])).toEqual([["cancelled", "unknown"]]);
		expect(mallory.stanzas).toEqual([]);
	});

	it("is not needed to learn whether a call still runs: who made it is told so, and nobody else", async () => {
		const { bus, raw, started } = await waiting();
		raw.link.send(iq("get", { to: ADDRESS, id: "mine" }, callOf()));
		await started;
		const mallory = await rawLink(bus, "raw@example.org/y");
		const ask = (link: Link, id: string | undefined) =>
			link.send(iq("get", { to: ADDRESS, id: `about ${id}` }, xml("running", NS.rpc, { id })));
		for (const id of ["mine", "other", undefined]) ask(raw.link, id);
		ask(mallory.link, "mine");
		await turn(3);
		raw.link.send(message({ to: ADDRESS }, cancel("mine")));
		await turn(3);
		ask(raw.link, "mine");
		await turn(3);
		const told = (stanzas: readonly Element[]) =>
			stanzas.map((answer) => [answer.attr("id"), answer.child("error", NS.client)?.elements()[0]?.name ?? "yes"]);
		expect(told(raw.stanzas)).toEqual([
			["about mine", "yes"],
			["about other", "item-not-found"],
			["about undefined", "item-not-found"],
			["mine", "undefined-condition"],
			["about mine", "item-not-found"],
		]);
		expect(told(mallory.stanzas)).toEqual([["about mine", "item-not-found"]]);
	});

	it("is not sent for a call that has its answer, nor for one that was never sent", async () => {
		const { caller, raw } = await provider();
		const client = caller.client(probe, { to: "raw@example.org/x" });
		expect(await failureOf(client.echo({ word: "x" }, { signal: AbortSignal.abort() }))).toMatchObject({
			code: "cancelled",
			executed: "no",
		});
		const abort = new AbortController();
		const call = failureOf(client.echo({ word: "x" }, { signal: abort.signal }));
		await turn(2);
		const [asked] = raw.stanzas;
		raw.link.send(iq("error", { to: "caller@example.org/x", id: asked?.attr("id") }));
		expect(await call).toMatchObject({ code: "protocol" });
		abort.abort();
		await turn(3);
		expect(raw.stanzas.length).toBe(1);
	});
});
