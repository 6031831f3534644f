import type { MemoryBus } from "@antiphon/link";
import { BusError, encodeCall, encodeDeliver, Jid } from "@antiphon/protocol";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { z } from "zod";
import {
	type CallContext,
	createNode,
	get,
	type Handlers,
	type NodeOptions,
	type ServeOptions,
	service,
	set,
} from "../index.js";
import { DOMAIN, failureOf, gate, keepingLog, rawLink } from "../testing/bus.js";
import { CuttableLink } from "../testing/cuttable-link.js";
import { brokenStore, keptStore } from "../testing/kept-store.js";
import type { QueueDomain } from "../testing/queue-domain.js";
import { pass, queueWorld } from "../testing/queue-world.js";

const lexicon = service("lexicon", "1.0.0", {
	learn: set({ input: z.object({ word: z.string() }), output: z.string(), delivery: "effectively-once" }),
	define: get({ input: z.string(), output: z.string() }),
});

type Learn = Handlers<typeof lexicon.functions>["learn"];

let bus: MemoryBus;
let domain: QueueDomain;

beforeEach(async () => {
	({ bus, domain } = await queueWorld());
});
afterEach(() => void vi.useRealTimers());

async function provider(learn: Learn, options: Omit<NodeOptions, "link"> = {}, serve: ServeOptions = {}) {
	const link = new CuttableLink(bus, "worker@example.org");
	const node = await createNode({ link, ...options });
	onTestFinished(() => node.close());
	const handlers = { learn, define: (word: string) => word };
	const served = await node.serve(lexicon, handlers, { domain: DOMAIN, instance: "one", concurrency: 8, ...serve });
	await pass();
	return { node, link, served };
}

/** A call that is kept, and leased as soon as an instance takes it. */
async function send(word = "iq"): Promise<string> {
	const node = await createNode({ link: bus.link("caller@example.org") });
	onTestFinished(() => node.close());
	const sent = node.client(lexicon, { domain: DOMAIN }).learn.send({ word });
	await pass();
	return sent;
}

describe("an instance that is registered", () => {
	it("takes as many calls as it may run at once, if it has functions whose calls are kept", async () => {
		await provider(() => "");
		expect([...domain.pulls.values()]).toMatchObject([
			{ service: "lexicon", instance: "one", credit: 8, number: 1, inbox: "memory", held: [] },
		]);
		const plain = service("plain", "1.0.0", { look: get({}) });
		const node = await createNode({ link: bus.link("other@example.org") });
		onTestFinished(() => node.close());
		await node.serve(plain, { look() {} }, { domain: DOMAIN });
		await pass();
		expect(domain.count("pull")).toBe(1);
	});

	it("runs a call and reports what came of it", async () => {
		const seen: CallContext[] = [];
		await provider(({ word }, ctx) => {
			seen.push(ctx);
			return word.toUpperCase();
		});
		await send();
		const { state, outcome, item } = domain.call;
		expect([state, outcome?.element.name, outcome?.executed]).toEqual(["settled", "reply", "yes"]);
		expect(seen).toMatchObject([
			{ from: "caller@example.org", fn: "lexicon.learn", callId: `caller@example.org/${item.id}`, attempt: 1 },
		]);
		expect(domain.answers.map((answer) => answer.child()?.name).sort()).toEqual(["received", "taken"]);
	});

	it("knows a redriven call by the id that it had at first, and runs it only when its last run there has ended", async () => {
		const seen: string[] = [];
		const { open, opened } = gate<string>();
		await provider((_, { callId }) => {
			seen.push(callId);
			return opened;
		});
		await send();
		const { call } = domain;
		domain.leases = false;
		const again = {
			n: 2,
			item: { ...call.item, id: `${call.item.id}-r1` },
			origin: call.item.id,
			told: new Set<string>(),
		};
		domain.calls.push({ ...call, ...again, state: "waiting", token: 0, attempts: 0 });
		domain.lease();
		await pass();
		expect(seen).toHaveLength(1);
		open("done");
		await pass();
		domain.lease();
		await pass();
		expect(seen).toEqual([1, 2].map(() => `caller@example.org/${call.item.id}`));
		expect(domain.calls[1]?.outcome?.executed).toBe("yes");
	});

	it("reports an error, and what is wrong with a call, as that", async () => {
		await provider(() => {
			throw new BusError("conflict", "known already");
		});
		await send();
		expect(domain.call.outcome).toMatchObject({ code: "conflict", executed: "yes" });
		const element = encodeCall({ fn: "lexicon.learn", version: "1.0.0", ttlMs: 1_000, encoding: "json", input: 7 });
		domain.calls.push({
			...domain.call,
			n: 2,
			item: { ...domain.call.item, call: element, id: "wrong" },
			state: "waiting",
			told: new Set(),
		});
		delete (domain.calls[1] as { outcome?: unknown }).outcome;
		domain.lease();
		await pass();
		expect(domain.calls[1]?.outcome).toMatchObject({ code: "invalid-argument", executed: "no" });
	});

	it("does not run a copy, and reports under the token of a later lease what it runs already", async () => {
		const { open, opened } = gate<string>();
		const learn = vi.fn(() => opened);
		await provider(learn);
		await send();
		domain.deliver(domain.call, { serial: 1 });
		await pass();
		domain.call.token++;
		domain.deliver(domain.call);
		await pass();
		expect(learn).toHaveBeenCalledOnce();
		open("done");
		await pass();
		expect(domain.call.state).toBe("settled");
		expect(domain.last.get("settle")?.child()?.attr("token")).toBe("2");
	});

	it("reports that it has run, when what came of it is too large", async () => {
		await provider(() => "x".repeat(64_000));
		await send();
		expect(domain.call.outcome).toMatchObject({ code: "too-large", executed: "yes" });
	});

	it("reports until that is recorded", async () => {
		await provider(() => "");
		const answers = ["ignored", "unanswered"] as const;
		let count = 0;
		domain.instead.set("settle", () => answers[count++] ?? "as ever");
		await send();
		await pass(20_000);
		expect(domain.call.state).toBe("settled");
		expect(domain.count("settle")).toBe(3);
	});

	it("renews leases while a call runs, and stops it when its lease is lost", async () => {
		const { open, opened } = gate<string>();
		let signal: AbortSignal | undefined;
		await provider((_, ctx) => {
			signal = ctx.signal;
			return opened;
		});
		await send();
		await pass(16_000);
		expect(domain.last.get("renew")?.child()?.attr("n")).toBe("1");
		expect(signal?.aborted).toBe(false);
		domain.call.token = 5;
		await pass(16_000);
		expect(signal?.aborted).toBe(true);
		open("too late");
		await pass();
		expect(domain.count("settle")).toBe(0);
	});

	it("ends a run at its deadline, and does not begin the next one beside it", async () => {
		const gates = [gate<string>(), gate<string>()];
		let runs = 0;
		await provider(() => gates[runs++]?.opened ?? "third");
		await send();
		await pass(60_000);
		expect(domain.call.outcome).toMatchObject({ code: "deadline-exceeded", executed: "unknown" });
		const { call } = domain;
		call.state = "waiting";
		delete call.outcome;
		domain.lease();
		await pass();
		expect(runs).toBe(1);
		// It is the call that has to wait, and not the instance.
		const release = domain.last.get("release");
		expect([release?.attr("retry-after"), release?.child()?.attr("after")]).toEqual([undefined, "1000"]);
		domain.leases = false;
		gates[0]?.open("late");
		gates[1]?.open("in time");
		await pass();
		domain.lease();
		await pass();
		expect(runs).toBe(2);
		expect(call.outcome).toMatchObject({ code: undefined, executed: "yes" });
	});

	it("hands back a call for which it has no place", async () => {
		const { open, opened } = gate<string>();
		const learn = vi.fn(() => opened);
		await provider(learn, { limits: { maxCallsIn: 1 } });
		domain.leases = false;
		await send();
		await send("jid");
		domain.lease();
		await pass();
		expect(learn).toHaveBeenCalledOnce();
		expect(domain.calls.map(({ state }) => state)).toEqual(["leased", "waiting"]);
		const release = domain.last.get("release");
		expect([release?.attr("retry-after"), release?.child()?.attr("executed")]).toEqual([undefined, "no"]);
		// It has said before that it takes no others meanwhile.
		expect([...domain.pulls.values()]).toMatchObject([{ credit: 1, number: 2 }]);
		expect(domain.asked.filter((name) => name === "pull" || name === "release")).toEqual(["pull", "pull", "release"]);
		open("");
		await pass();
		domain.lease();
		await pass();
		expect(domain.calls.map(({ state }) => state)).toEqual(["settled", "settled"]);
	});

	it("takes fewer calls while a handler goes on after its time, and as many as before when that has ended", async () => {
		const { open, opened } = gate<string>();
		let runs = 0;
		await provider(() => (runs++ === 0 ? opened : new Promise(() => {})), {}, { concurrency: 2 });
		await send();
		await pass(60_000);
		domain.leases = false;
		await send("jid");
		await send("stanza");
		domain.lease();
		await pass();
		expect([...domain.pulls.values()]).toMatchObject([{ credit: 1 }]);
		open("late");
		await pass(500);
		expect([...domain.pulls.values()]).toMatchObject([{ credit: 2 }]);
	});

	it("waits the longer with a call, the longer its last run goes on after its time", async () => {
		await provider(() => new Promise<string>(() => {}));
		await send();
		await pass(60_000);
		const { call } = domain;
		delete call.outcome;
		const waits: unknown[] = [];
		for (const ms of [3_000, 27_000, 100_000]) {
			domain.leases = false;
			await pass(ms);
			call.state = "waiting";
			domain.lease();
			await pass();
			waits.push(domain.last.get("release")?.child()?.attr("after"));
		}
		expect(waits).toEqual(["3000", "30000", "60000"]);
	});

	it("lets nobody call whom the policy of its domain keeps out", async () => {
		const learn = vi.fn(() => "");
		await provider(learn);
		await send();
		const { call } = domain;
		Object.assign(call, { sender: Jid.parse("stranger@elsewhere.example"), state: "waiting" });
		domain.lease();
		await pass();
		expect(learn).toHaveBeenCalledOnce();
		expect(domain.last.get("settle")?.child()?.child()?.attr("code")).toBe("forbidden");
	});

	it("believes its domain alone", async () => {
		const learn = vi.fn(() => "");
		const { node } = await provider(learn);
		const { session, number } = [...domain.pulls.values()][0] as { session: string; number: number };
		const call = encodeCall({ fn: "lexicon.learn", version: "1.0.0", ttlMs: 1_000, encoding: "json", input: {} });
		const item = { n: 1, token: 1, serial: 1, id: "x", attempt: 1, delivery: "at-least-once" as const };
		const calls = [{ ...item, call: call.with({ for: "caller@example.org" }) }];
		const payload = encodeDeliver({ instance: "one", session, number, low: 0, leaseMs: 45_000, calls });
		for (const address of ["lexicon@evil.example.org/x", "evil@example.org/lexicon"]) {
			const { ask } = await rawLink(bus, address);
			const answer = await ask("set", node.jid, payload);
			expect(
				answer
					.child("error")
					?.elements()
					.map(({ name }) => name),
			).toContain("item-not-found");
		}
		expect(learn).not.toHaveBeenCalled();
	});

	it("says in its log that its domain keeps no calls", async () => {
		const log = keepingLog();
		domain.instead.set("pull", () => new BusError("unimplemented", "no queue"));
		await provider(() => "", { log });
		expect(log.lines).toContainEqual(
			expect.stringMatching(/^warn lexicon gets no durable calls of fn\.example\.org: .* keeps no durable calls/),
		);
	});
});

describe("a drain", () => {
	it("takes no more, ends what runs, and goes when that is recorded", async () => {
		const { open, opened } = gate<string>();
		const { served } = await provider(() => opened);
		await send();
		let isDrained = false;
		void served.drain().then(() => (isDrained = true));
		await pass();
		expect([...domain.pulls.values()][0]?.credit).toBe(0);
		domain.instead.set("settle", () => "ignored");
		open("done");
		await pass(1_000);
		expect([isDrained, domain.count("registry deregister")]).toEqual([false, 0]);
		domain.instead.clear();
		await pass(10_000);
		expect([isDrained, domain.count("registry deregister")]).toEqual([true, 1]);
		expect(domain.call.state).toBe("settled");
	});

	it("of the node takes nothing that was on its way", async () => {
		const { open, opened } = gate<string>();
		const { node } = await provider(() => opened);
		domain.leases = false;
		await send();
		const drained = node.drain();
		domain.lease();
		await pass();
		const [answer] = domain.answers.filter((each) => each.child()?.name === "taken");
		expect(answer?.child()?.child()?.child()?.attr("code")).toBe("conflict");
		open("");
		await pass(1_000);
		await drained;
	});
});

describe("a link that was cut", () => {
	it("is mended: the instance names what it holds, and reports it from where it is then", async () => {
		const { open, opened } = gate<string>();
		const learn = vi.fn(() => opened);
		const { link } = await provider(learn);
		await send();
		link.cut();
		open("done");
		await pass();
		expect(domain.count("settle")).toBe(0);
		await link.mend();
		await pass();
		const [pull] = domain.pulls.values();
		expect(pull).toMatchObject({ number: 2, held: [{ n: 1, token: 1 }] });
		expect(domain.call.state).toBe("settled");
		expect(learn).toHaveBeenCalledOnce();
	});

	it("does not let an old delivery in", async () => {
		const learn = vi.fn(() => "");
		const { link } = await provider(learn);
		domain.leases = false;
		await send();
		link.cut();
		await link.mend();
		await pass();
		Object.assign(domain.call, { token: 1, attempts: 1 });
		domain.deliver(domain.call, { number: 1 });
		await pass();
		expect(learn).not.toHaveBeenCalled();
		const [answer] = domain.answers.slice(-1);
		expect(answer?.child()?.child()?.child()?.attr("code")).toBe("conflict");
	});
});

describe("the inbox of a process that died", () => {
	it("hands back what ran, and does not run it by itself", async () => {
		const inbox = keptStore();
		const { node } = await provider(() => new Promise<string>(() => {}), { inbox });
		await send();
		await node.close();
		domain.leases = false;
		const learn = vi.fn(() => "");
		await provider(learn, { inbox });
		await pass(1_000);
		expect([...domain.pulls.values()][0]).toMatchObject({ number: 1, inbox: "durable", held: [] });
		expect(domain.last.get("release")?.child()?.attr("executed")).toBe("unknown");
		expect(domain.call.state).toBe("waiting");
		expect(learn).not.toHaveBeenCalled();
	});

	it("reports what had run, which is not run again", async () => {
		const inbox = keptStore();
		const first = await provider(() => "done", { inbox });
		domain.instead.set("settle", () => "ignored");
		await send();
		await first.node.close();
		domain.instead.clear();
		const learn = vi.fn(() => "");
		await provider(learn, { inbox });
		await pass(1_000);
		expect(domain.call.outcome?.element.name).toBe("reply");
		expect(learn).not.toHaveBeenCalled();
	});

	it("reports an outcome for which it has no room", async () => {
		await provider(() => "x".repeat(5_000), { inbox: keptStore({ maxBytes: 2_000 }) });
		await send();
		await pass(2_000);
		expect(domain.call.outcome?.element.name).toBe("reply");
	});

	it("ends its node when it fails, with the cause", async () => {
		const learn = vi.fn(() => "");
		const { node } = await provider(learn, { inbox: brokenStore() });
		await send();
		expect(await node.closed).toMatchObject({ message: "the inbox (kept) has failed: the disk is gone" });
		expect(learn).not.toHaveBeenCalled();
	});
});

it("a service that no domain keeps calls for says so when it is served", async () => {
	const log = keepingLog();
	const node = await createNode({ link: bus.link("bot@example.org/x"), log });
	onTestFinished(() => node.close());
	await node.serve(lexicon, { learn: () => "", define: (word) => word });
	expect(log.lines).toEqual([
		expect.stringMatching(/^warn lexicon\.learn is declared effectively-once, and no domain/),
	]);
	expect(await failureOf(node.serve(lexicon, {} as never))).toBeInstanceOf(TypeError);
});
