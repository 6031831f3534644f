import { type MemoryBus, memoryBus } from "@antiphon/link";
import { BusError, encodeReply } from "@antiphon/protocol";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { z } from "zod";
import { type Client, createNode, get, type NodeOptions, type SendOptions, service, set } from "../index.js";
import { DOMAIN, failureOf, keepingLog } from "../testing/bus.js";
import { CuttableLink } from "../testing/cuttable-link.js";
import { brokenStore, keptStore } from "../testing/kept-store.js";
import { fault, QueueDomain } from "../testing/queue-domain.js";
import { pass, queueWorld } from "../testing/queue-world.js";

const lexicon = service("lexicon", "1.0.0", {
	learn: set({
		input: z.object({ word: z.string() }),
		output: z.object({ words: z.number() }),
		faults: { full: z.object({ words: z.number() }) },
		delivery: "effectively-once",
	}),
	define: get({ input: z.string(), output: z.string() }),
});
const at = { domain: DOMAIN };
const reply = (words: number) => ({
	element: encodeReply("json", { words }),
	code: undefined,
	name: undefined,
	executed: "yes" as const,
});

type Learn = Client<typeof lexicon.functions>["learn"];

let bus: MemoryBus;
let domain: QueueDomain;

beforeEach(async () => {
	({ bus, domain } = await queueWorld());
});
afterEach(() => void vi.useRealTimers());

async function caller(options: Omit<NodeOptions, "link"> = {}) {
	const link = new CuttableLink(bus, "caller@example.org");
	const node = await createNode({ link, ...options });
	onTestFinished(() => node.close());
	const learn = node.client(lexicon, at).learn;
	return { node, link, learn };
}

describe("a durable call", () => {
	it("waits for its outcome, which its domain tells", async () => {
		const { learn } = await caller();
		const learned = learn({ word: "iq" });
		await pass();
		expect(domain.call.item).toMatchObject({ delivery: "effectively-once", notify: true, expiresMs: 86_400_000 });
		domain.settle(domain.call, reply(7));
		expect(await learned).toEqual({ words: 7 });
		await pass();
		expect(domain.answers.map((answer) => answer.child()?.name)).toEqual(["received"]);
	});

	it("fails with the fault that its outcome is, as its contract types it", async () => {
		const { learn } = await caller();
		const failed = failureOf(learn({ word: "iq" }));
		await pass();
		const error = new BusError("fault", "no more room", { name: "full", data: { words: 4, more: true } });
		domain.settle(domain.call, { ...fault(error), name: "full" });
		expect(await failed).toMatchObject({ code: "fault", name: "full", data: { words: 4 }, executed: "yes" });
	});

	it("is waited for as long as its deadline lets, and goes on: its error names it", async () => {
		const { node, learn } = await caller();
		const failed = failureOf(learn({ word: "iq" }, { timeoutMs: 500 }));
		await pass(500);
		const { code, executed, goesOn, callId, message } = await failed;
		expect([code, executed, goesOn]).toEqual(["deadline-exceeded", "unknown", true]);
		expect(callId).toBe(`${domain.call.item.id}:lexicon@${DOMAIN}`);
		expect(message).toContain(callId);
		domain.settle(domain.call, reply(7));
		await pass();
		expect(await node.outcome(callId as string)).toEqual({ words: 7 });
	});

	it("is not given up by its signal, which ends the waiting", async () => {
		const { learn } = await caller();
		const controller = new AbortController();
		const failed = failureOf(learn({ word: "iq" }, { signal: controller.signal }));
		await pass();
		controller.abort();
		const callId = `${domain.call.item.id}:lexicon@${DOMAIN}`;
		expect(await failed).toMatchObject({ code: "cancelled", executed: "unknown", goesOn: true, callId });
		await pass();
		expect(domain.call.state).toBe("waiting");
		expect(domain.count("cancel")).toBe(0);
	});

	it("is not made at all when its signal has ended before", async () => {
		for (const outbox of [undefined, keptStore()]) {
			const { learn } = await caller(outbox && { outbox });
			const signal = AbortSignal.abort();
			const late = AbortSignal.abort(new DOMException("late", "TimeoutError"));
			const failed = await Promise.all([
				failureOf(learn({ word: "iq" }, { signal })),
				failureOf(learn.send({ word: "iq" }, { signal })),
				failureOf(learn.send({ word: "iq" }, { signal: late })),
			]);
			for (const { executed, callId, goesOn } of failed) {
				expect([executed, callId, goesOn]).toEqual(["no", undefined, false]);
			}
			expect(failed.map(({ code }) => code)).toEqual(["cancelled", "cancelled", "deadline-exceeded"]);
			await pass(5_000);
			expect(domain.asked).toEqual([]);
		}
	});

	it("is named by the error that is its outcome, whoever asks for it", async () => {
		const { node, learn } = await caller();
		const failed = failureOf(learn({ word: "iq" }));
		await pass();
		const callId = `${domain.call.item.id}:lexicon@${DOMAIN}`;
		domain.settle(domain.call, fault(new BusError("internal", "the function failed")));
		expect(await failed).toMatchObject({ code: "internal", callId, goesOn: false });
		expect(await failureOf(node.outcome(callId))).toMatchObject({ code: "internal", callId, goesOn: false });
		const full = failureOf(learn({ word: "jid" }));
		await pass();
		const error = new BusError("fault", "no more room", { name: "full", data: { words: 4 } });
		const [, second] = domain.calls;
		domain.settle(second as never, { ...fault(error), name: "full" });
		expect(await full).toMatchObject({
			name: "full",
			data: { words: 4 },
			callId: `${second?.item.id}:lexicon@${DOMAIN}`,
		});
		const odd = failureOf(learn({ word: "x" }));
		await pass();
		domain.settle(domain.calls[2] as never, reply("many" as never));
		expect(await odd).toMatchObject({ code: "protocol", callId: expect.stringContaining(`:lexicon@${DOMAIN}`) });
	});

	it("is sent: what comes back is its id, once it is accepted", async () => {
		const { node, learn } = await caller();
		let isAccepted = false;
		domain.instead.set("submit", () => (isAccepted ? "as ever" : "ignored"));
		let callId: string | undefined;
		void learn.send({ word: "iq" }).then((id) => (callId = id));
		await pass(4_000);
		expect(callId).toBeUndefined();
		isAccepted = true;
		// Its answer is missing, and then the back-off is over.
		await pass(2_000);
		expect(callId).toBe(`${domain.call.item.id}:lexicon@${DOMAIN}`);
		const outcome = node.outcome(callId as unknown as string);
		await pass();
		domain.settle(domain.call, reply(1));
		expect(await outcome).toEqual({ words: 1 });
	});

	it("goes in one stanza with the others of its turn, in their order", async () => {
		const { learn } = await caller();
		const sent = Promise.all(Array.from({ length: 100 }, (_, i) => learn.send({ word: `w${i}` })));
		await pass();
		expect(new Set(await sent).size).toBe(100);
		expect(domain.count("submit")).toBe(2);
		const words = domain.calls.map(({ item }) => item.id);
		expect(words).toEqual((await sent).map((id) => id.split(":")[0]));
	});

	it("travels alone when it is large, and not at all when it could not be delivered", async () => {
		const { learn } = await caller();
		const words = ["a".repeat(30_000), "b", "c".repeat(30_000)];
		const sent = Promise.all(words.map((word) => learn.send({ word })));
		await pass();
		await sent;
		expect(domain.count("submit")).toBe(3);
		expect(await failureOf(learn.send({ word: "d".repeat(65_000) }))).toMatchObject({
			code: "too-large",
			executed: "no",
			message: expect.stringContaining("63488 can be kept and delivered"),
		});
	});

	it("of the same key is the same call; of another input a conflict", async () => {
		const { learn } = await caller();
		const sent = [learn.send({ word: "iq" }, { key: "k" }), learn.send({ word: "iq" }, { key: "k" })];
		await pass();
		const [first, second] = await Promise.all(sent);
		expect(first).toBe(second);
		expect(domain.calls).toHaveLength(1);
		const other = failureOf(learn.send({ word: "jid" }, { key: "k" }));
		await pass();
		const message = `the key "k" stands for ${first}, which was made before with another input`;
		expect(await other).toMatchObject({ code: "conflict", executed: "no", callId: first, message });
		// This one hears it from its domain: its own outbox does not know of the first.
		for (const outbox of [undefined, keptStore()]) {
			const { learn: elsewhere } = await caller(outbox && { outbox });
			const refused = failureOf(elsewhere({ word: "jid" }, { key: "k" }));
			await pass();
			expect(await refused).toMatchObject({ code: "conflict", executed: "no", callId: first, message });
		}
		const another = learn.send({ word: "jid" }, { key: "l" });
		await pass();
		expect(await another).not.toBe(first);
	});

	it("carries what it is told, as durations", async () => {
		const { learn } = await caller();
		const notBefore = new Date(Date.now() + 5_000);
		const retry = { attempts: 3, attemptTimeoutMs: 1_500 };
		const sent = learn.send(
			{ word: "iq" },
			{ orderKey: "x", notBefore, expiresMs: 60_000, retry, delivery: "at-least-once" },
		);
		await pass();
		await sent;
		const { item } = domain.call;
		expect(item).toMatchObject({ delivery: "at-least-once", orderKey: "x", expiresMs: 60_000, attempts: 3 });
		expect(item.afterMs).toBeGreaterThan(4_900);
		expect(item.backoffMs).toBeUndefined();
		expect(item.head).toMatchObject({ fn: "lexicon.learn", version: "1.0.0", ttlMs: 1_500, encoding: "msgpack" });
	});

	it.each<[string, object]>([
		["expiresMs", { expiresMs: 0 }],
		["expiresMs", { expiresMs: 31 * 86_400_000 }],
		["notBefore", { notBefore: new Date(86_400_000 * 40_000) }],
		["notBefore", { notBefore: "tomorrow" }],
		["notBefore", { notBefore: new Date(Number.NaN) }],
		["orderKey", { orderKey: "" }],
		["orderKey", { orderKey: "x".repeat(129) }],
		["orderKey", { orderKey: 7 }],
		["key", { key: "" }],
		["key", { key: 7 }],
		["timeoutMs", { timeoutMs: -1 }],
		["retry.attempts", { retry: { attempts: 0 } }],
		["retry.backoffMs", { retry: { backoffMs: "1" } }],
		["expires: there is no such setting; did you mean expiresMs?", { expires: 5 }],
		["timeout: there is no such setting; did you mean timeoutMs?", { timeout: 5 }],
		["retry.tries: there is no such setting; there are attempts, backoffMs,", { retry: { tries: 1 } }],
		["retry.faults: there is no such setting", { retry: { faults: ["full"] } }],
		["retry must be an object", { retry: 3 }],
		[
			'delivery must be one of at-most-once, at-least-once, effectively-once, not "exactly-once"',
			{ delivery: "exactly-once" },
		],
		["call lexicon.learn with that, without send", { delivery: "at-most-once" }],
		["the options must be an object, not null", null as never],
		["the options must be an object, not 500", 500 as never],
	])("refuses an option %s that cannot be: %j", async (name, options) => {
		const { learn } = await caller();
		const error = await failureOf(learn.send({ word: "iq" }, options));
		expect(error).toMatchObject({ code: "invalid-argument", executed: "no", message: expect.stringContaining(name) });
		expect(domain.asked).toEqual([]);
	});

	it("and a plain one refuse what they cannot be told, and to be sent what nothing keeps", async () => {
		const { node, learn } = await caller();
		const { define } = node.client(lexicon, at);
		const plain = define as unknown as Record<"send", (input: string) => Promise<never>> & typeof define;
		const options = { delivery: "exactly-once", key: "k" } as never;
		for (const [failed, message] of [
			[learn({ word: "iq" }, options), "delivery must be one of"],
			[learn({ word: "iq" }, null as never), "the options must be an object"],
			[define("iq", { timeout: 1 } as never), "timeout: there is no such setting; did you mean timeoutMs?"],
			[define("iq", { key: "k" } as never), "key: there is no such setting; there are timeoutMs, signal"],
			[define("iq", null as never), "the options must be an object"],
			[plain.send("iq"), "lexicon.define is not durable, so nothing would keep it"],
			[node.outcome(`a:lexicon@${DOMAIN}`, { timeout: 1 } as never), "did you mean timeoutMs?"],
			[node.cancel(`a:lexicon@${DOMAIN}`, { sig: 1 } as never), "did you mean signal?"],
		] as const) {
			const error = await failureOf(failed);
			expect(error).toMatchObject({
				code: "invalid-argument",
				executed: "no",
				message: expect.stringContaining(message),
			});
		}
		expect(Object.keys(define)).toEqual([]);
		expect(domain.asked).toEqual([]);
	});

	it("is a plain one where that is asked for", async () => {
		const { learn } = await caller();
		void failureOf(learn({ word: "iq" }, { delivery: "at-most-once" }));
		await pass();
		expect(domain.asked).toContain("resolve");
		expect(domain.count("submit")).toBe(0);
	});

	it("needs a domain that may choose its instance", async () => {
		const { node } = await caller();
		for (const where of [{ to: "worker@example.org/x" }, { ...at, instance: "one" }]) {
			const { learn } = node.client(lexicon, where);
			const error = await failureOf(learn({ word: "iq" }));
			expect(error).toMatchObject({ code: "invalid-argument", message: expect.stringContaining("{ domain } alone") });
		}
	});
});

describe("a call that was sent", () => {
	const sent = async (learn: Learn, options: SendOptions = {}) => {
		const sending = learn.send({ word: "iq" }, options);
		await pass();
		return sending;
	};

	it("is cancelled, unless it has its outcome", async () => {
		const { node, learn } = await caller();
		const callId = await sent(learn);
		const cancelled = node.cancel(callId);
		await pass();
		expect(await cancelled).toBe(true);
		expect(await failureOf(node.outcome(callId))).toMatchObject({ code: "cancelled", executed: "no" });
		const other = await sent(learn);
		domain.settle(domain.calls[1] as never, reply(2));
		await pass();
		expect(await node.cancel(other)).toBe(false);
		expect(await node.outcome(other)).toEqual({ words: 2 });
	});

	it("is found by another process of its account: its outcome, and to give it up", async () => {
		const { learn } = await caller();
		const [one, two] = [await sent(learn), await sent(learn)];
		const { node: other } = await caller();
		domain.settle(domain.calls[0] as never, reply(3));
		const outcome = other.outcome(one);
		const cancelled = other.cancel(two);
		await pass();
		expect(await outcome).toEqual({ words: 3 });
		expect(await cancelled).toBe(true);
		const strange = failureOf(other.outcome(`made-up:lexicon@${DOMAIN}`));
		await pass();
		expect(await strange).toMatchObject({ code: "not-found", executed: "unknown" });
	});

	it("is not cancelled by who has mistyped its id, or is another: there is no such call", async () => {
		const { node, learn } = await caller();
		const callId = await sent(learn);
		const stranger = await createNode({ link: new CuttableLink(bus, "stranger@example.org") });
		onTestFinished(() => stranger.close());
		for (const [who, id] of [
			[node, `made-up:lexicon@${DOMAIN}`],
			[stranger, callId],
			// Its trace is kept there, and is no call for that.
			[stranger, callId],
		] as const) {
			const cancelled = failureOf(who.cancel(id));
			await pass();
			const { code, executed, message } = await cancelled;
			expect([code, executed]).toEqual(["not-found", "unknown"]);
			expect(message).toContain(`has made no call ${id.split(":")[0]} of which lexicon@${DOMAIN} knows`);
		}
		expect(domain.call.state).toBe("waiting");
	});

	it("and is cancelled before it has come to its domain is cancelled, for it was made here", async () => {
		const { node, learn, link } = await caller({ outbox: keptStore() });
		domain.instead.set("submit", () => "ignored");
		const callId = await sent(learn);
		const cancelled = node.cancel(callId);
		await pass();
		link.cut();
		await link.mend();
		await pass(10_000);
		expect(await cancelled).toBe(true);
	});

	it("is found by the id that its handler sees, where this node has made it", async () => {
		const { node, learn } = await caller();
		const callId = await sent(learn);
		const [id] = callId.split(":");
		const outcome = node.outcome(`caller@example.org/${id}`);
		domain.settle(domain.call, reply(8));
		await pass();
		expect(await outcome).toEqual({ words: 8 });
		expect(await node.cancel(`caller@example.org/${id}`)).toBe(false);
		for (const [asked, message] of [
			[node.outcome("caller@example.org/made-up"), "pass made-up:SERVICE@DOMAIN"],
			[node.cancel(`other@example.org/${id}`), "a call of other@example.org"],
		] as const) {
			const error = await failureOf(asked);
			expect(error).toMatchObject({ code: "invalid-argument", message: expect.stringContaining(message) });
		}
	});

	it("is not said to have no outcome by who did not wait for it", async () => {
		const { node, learn } = await caller();
		const callId = await sent(learn);
		domain.settle(domain.call, reply(1));
		await pass();
		const asked = domain.asked.length;
		const signal = AbortSignal.abort();
		for (const failed of [node.outcome(callId, { signal }), node.cancel(callId, { signal })]) {
			const { code, executed, goesOn, message, callId: named } = await failureOf(failed);
			expect([code, executed, goesOn, named]).toEqual(["cancelled", "unknown", true, callId]);
			expect(message).toMatch(/^nobody waits any longer/);
			expect(message).not.toMatch(/no outcome/);
		}
		await pass();
		expect(domain.asked.length).toBe(asked);
		expect(await node.outcome(callId)).toEqual({ words: 1 });
	});

	it("is not given up, nor asked about, by who has no patience at all", async () => {
		const { node, learn } = await caller();
		const callId = await sent(learn);
		const { node: other } = await caller();
		const signal = AbortSignal.abort();
		for (const failed of [node.cancel(callId, { signal }), other.outcome(callId, { signal })]) {
			expect(await failureOf(failed)).toMatchObject({ code: "cancelled", goesOn: true });
		}
		await pass(5_000);
		expect([domain.count("cancel"), domain.count("await"), domain.call.state]).toEqual([0, 0, "waiting"]);
	});

	it("is not asked about any more when nobody waits", async () => {
		const { node } = await caller();
		domain.instead.set("await", () => "ignored");
		const failed = failureOf(node.outcome(`elsewhere:lexicon@${DOMAIN}`, { timeoutMs: 1_000 }));
		await pass(1_000);
		expect(await failed).toMatchObject({ code: "deadline-exceeded" });
		await pass(30_000);
		expect(domain.count("await")).toBe(1);
	});

	it("is asked about alone when its outcome does not fit in beside others", async () => {
		const { node, link, learn } = await caller();
		const callIds = [await sent(learn), await sent(learn)];
		const outcomes = callIds.map((callId) => node.outcome(callId));
		link.cut();
		for (const [i, call] of domain.calls.entries()) domain.settle(call, reply(i));
		domain.isTight = true;
		await link.mend();
		await pass();
		expect(await Promise.all(outcomes)).toEqual([{ words: 0 }, { words: 1 }]);
		expect(domain.count("await")).toBe(3);
	});

	it.each([
		"",
		"x",
		"a:b",
		`a b:lexicon@${DOMAIN}`,
		`a:lexicon.learn@${DOMAIN}`,
		`a:lexicon@${DOMAIN}/x`,
		`a:@${DOMAIN}`,
		7,
	])("has no id such as %j", async (callId) => {
		const { node } = await caller();
		for (const asked of [node.outcome(callId as string), node.cancel(callId as string)]) {
			expect(await failureOf(asked)).toMatchObject({ code: "invalid-argument" });
		}
	});

	it("is asked about after a reconnect, from where it is told of the outcome", async () => {
		const { node, link, learn } = await caller();
		const callId = await sent(learn);
		const outcome = node.outcome(callId);
		link.cut();
		domain.settle(domain.call, reply(4));
		await pass();
		expect(domain.answers).toHaveLength(1);
		await link.mend();
		await pass();
		expect(await outcome).toEqual({ words: 4 });
	});

	it("is told of again until that is received, and settles once", async () => {
		const { node, learn } = await caller();
		const callId = await sent(learn);
		domain.settle(domain.call, reply(5));
		domain.tell(domain.call, node.jid);
		await pass();
		domain.call.outcome = reply(6);
		domain.tell(domain.call, node.jid);
		await pass();
		expect(domain.answers.map((answer) => answer.child()?.name)).toEqual(["received", "received", "received"]);
		expect(await node.outcome(callId)).toEqual({ words: 5 });
	});

	it("is not settled by another than its domain", async () => {
		const { node, learn } = await caller();
		const callId = await sent(learn);
		const other = await new QueueDomain(bus, "evil.example.org").open();
		other.calls.push({ ...domain.call, outcome: reply(666) });
		other.tell(other.call, node.jid);
		await pass();
		const outcome = node.outcome(callId);
		domain.settle(domain.call, reply(1));
		await pass();
		expect(await outcome).toEqual({ words: 1 });
	});
});

describe("without an outbox", () => {
	it("a call fails at once while the link is down", async () => {
		const { learn, link } = await caller();
		link.cut();
		const failed = failureOf(learn.send({ word: "iq" }));
		await pass();
		expect(await failed).toMatchObject({ code: "unavailable", executed: "no" });
	});

	it("and where the domain refuses it, or is none that keeps calls: it is said what to do", async () => {
		const { node, learn } = await caller();
		domain.instead.set("submit", () => new BusError("overloaded", "the disk is full", { retryAfterMs: 5_000 }));
		const refused = failureOf(learn.send({ word: "iq" }));
		await pass();
		expect(await refused).toMatchObject({ code: "overloaded", executed: "no", retryAfterMs: 5_000 });
		const elsewhere = node.client(lexicon, { domain: "nowhere.example.org" });
		const failed = failureOf(elsewhere.learn({ word: "iq" }));
		await pass();
		const { code, executed, message } = await failed;
		expect([code, executed]).toEqual(["unimplemented", "no"]);
		expect(message).toMatch(/lexicon@nowhere\.example\.org keeps no durable calls: it is no Antiphon domain/);
		expect(message).toMatch(/createDomain.*createNode\(\{ outbox \}\).*at-most-once/);
	});

	it("an answer that was lost is asked for again, and the call is made once", async () => {
		const { learn } = await caller();
		const answers = ["unanswered", "as ever"] as const;
		let count = 0;
		domain.instead.set("submit", () => answers[count++] ?? "as ever");
		const sent = learn.send({ word: "iq" });
		await pass(6_000);
		await sent;
		expect(domain.calls).toHaveLength(1);
		expect(domain.count("submit")).toBe(2);
	});
});

describe("with an outbox", () => {
	it("a call is kept while the link or the domain is down, and sent later", async () => {
		const log = keepingLog();
		const { node, learn, link } = await caller({ outbox: keptStore(), log });
		link.cut();
		const sent = learn.send({ word: "iq" });
		await pass();
		const callId = await sent;
		expect(domain.calls).toHaveLength(0);
		domain.instead.set("submit", () => new BusError("unavailable", "the queue is starting"));
		await link.mend();
		await pass();
		expect(domain.count("submit")).toBe(1);
		expect(log.lines.at(-1)).toBe(
			`warn 1 calls for lexicon@${DOMAIN} stay in the outbox for now: the queue is starting`,
		);
		domain.instead.clear();
		await pass(1_000);
		domain.settle(domain.call, reply(9));
		await pass();
		expect(await node.outcome(callId)).toEqual({ words: 9 });
	});

	it("a call outlives its process: it is submitted by the next one, which finds its outcome", async () => {
		const outbox = keptStore();
		const first = await caller({ outbox });
		first.link.cut();
		const sent = first.learn.send({ word: "iq" });
		await pass();
		const callId = await sent;
		await first.node.close();
		const { node } = await caller({ outbox });
		await pass();
		expect(callId).toContain(domain.call.item.id);
		const outcome = node.outcome(callId);
		await pass();
		domain.settle(domain.call, reply(9));
		expect(await outcome).toEqual({ words: 9 });
		await node.close();
		// And so does the outcome.
		domain.instead.set("await", () => "ignored");
		const last = await caller({ outbox });
		const again = last.node.outcome(callId);
		await pass();
		expect(await again).toEqual({ words: 9 });
	});

	it("a call expires, executed no if its domain never had it", async () => {
		const { node, learn, link } = await caller({ outbox: keptStore() });
		link.cut();
		const sent = learn.send({ word: "iq" }, { expiresMs: 5_000 });
		await pass();
		const outcome = failureOf(node.outcome(await sent));
		await pass(5_001);
		expect(await outcome).toMatchObject({ code: "deadline-exceeded", executed: "no" });
	});

	it("a call is given up before it is submitted, or when the link is back", async () => {
		const { node, learn, link } = await caller({ outbox: keptStore() });
		link.cut();
		const sent = learn.send({ word: "iq" });
		await pass();
		const callId = await sent;
		const cancelled = node.cancel(callId);
		await pass();
		expect(await cancelled).toBe(true);
		await link.mend();
		await pass();
		expect(domain.calls).toHaveLength(0);
		const other = learn.send({ word: "jid" });
		await pass();
		await other;
		link.cut();
		const late = node.cancel(await other);
		await pass();
		await link.mend();
		await pass();
		expect(await late).toBe(true);
		expect(domain.call.outcome?.code).toBe("cancelled");
	});
});

describe("the store of an outbox", () => {
	it("that is full refuses at once what it cannot keep", async () => {
		const { learn } = await caller({ outbox: keptStore({ maxBytes: 2_000 }) });
		const refused = failureOf(learn.send({ word: "x".repeat(5_000) }));
		await pass();
		expect(await refused).toMatchObject({ code: "overloaded", executed: "no", retryAfterMs: 1_000 });
	});

	it("is one node's at a time", async () => {
		const outbox = keptStore();
		await caller({ outbox });
		const second = new CuttableLink(bus, "other@example.org");
		const error = await failureOf(createNode({ link: second, outbox }));
		expect(error).toMatchObject({ code: "conflict", message: expect.stringContaining("the outbox (kept)") });
		expect(second.state.state).toBe("closed");
	});

	it("is free again when its node is closed, by whatever", async () => {
		const outbox = keptStore();
		const { node, link } = await caller({ outbox });
		link.destroy(new BusError("conflict", "replaced"));
		expect(await node.closed).toMatchObject({ message: "replaced" });
		await (await caller({ outbox })).node.close();
		await caller({ outbox });
	});

	it("ends its node when it fails, with the cause", async () => {
		const { node, link, learn } = await caller({ outbox: brokenStore() });
		const failed = failureOf(learn.send({ word: "iq" }));
		await pass();
		expect(await failed).toMatchObject({ code: "internal", executed: "unknown" });
		expect(await node.closed).toMatchObject({
			code: "internal",
			message: "the outbox (kept) has failed: the disk is gone",
		});
		expect(link.state.state).toBe("closed");
		expect(await failureOf(learn.send({ word: "iq" }))).toMatchObject({ code: "link-lost" });
	});

	it("is no other thing", async () => {
		const link = memoryBus().link("a@example.org/x");
		for (const [options, message] of [
			[{ outbox: "./outbox" }, "outbox must be a store"],
			[{ inbox: {} }, "inbox must be a store"],
			[{ store: keptStore() }, "a node has two stores"],
			[{ outbxo: keptStore() }, "outbxo: there is no such setting; did you mean outbox?"],
		] as const) {
			const error = await failureOf(createNode({ link, ...options } as never));
			expect(error).toMatchObject({ code: "invalid-argument", message: expect.stringContaining(message) });
		}
	});
});

describe("a drain", () => {
	it("waits for outcomes that somebody here waits for", async () => {
		const { node, learn } = await caller();
		const learned = learn({ word: "iq" });
		await pass();
		let isDrained = false;
		void node.drain().then(() => (isDrained = true));
		await pass(1_000);
		expect(isDrained).toBe(false);
		domain.settle(domain.call, reply(1));
		await pass();
		expect([await learned, isDrained]).toEqual([{ words: 1 }, true]);
	});
});
