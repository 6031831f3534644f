import type { Journal, Store } from "@antiphon/delivery";
import type { MemoryBus } from "@antiphon/link";
import {
	type BusError,
	decodeSubmit,
	encodeAccepted,
	encodeLost,
	encodeOutcomes,
	encodePullAgain,
	encodePulling,
	encodeRecorded,
	encodeRenewedLeases,
	encodeReply,
	encodeStates,
	iq,
	message,
	type Outcome,
} from "@antiphon/protocol";
import type { Element } from "@antiphon/xml";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { z } from "zod";
import { createNode, type Handlers, type NodeOptions, service, set } from "./index.js";
import { DOMAIN, failureOf, gate, keepingLog, rawLink } from "./testing/bus.js";
import { CuttableLink } from "./testing/cuttable-link.js";
import { keptStore } from "./testing/kept-store.js";
import type { QueueDomain } from "./testing/queue-domain.js";
import { pass, queueWorld } from "./testing/queue-world.js";

const lexicon = service("lexicon", "1.0.0", {
	learn: set({ input: z.object({ word: z.string() }), output: z.string(), delivery: "effectively-once" }),
});
const DAY_MS = 86_400_000;
const reply = (text: string): Outcome => ({
	element: encodeReply("json", text),
	code: undefined,
	name: undefined,
	executed: "yes",
});

let bus: MemoryBus;
let domain: QueueDomain;

beforeEach(async () => {
	({ bus, domain } = await queueWorld());
});
afterEach(() => void vi.useRealTimers());

async function join(account: string, options: Omit<NodeOptions, "link"> = {}) {
	const link = new CuttableLink(bus, account);
	const node = await createNode({ link, ...options });
	onTestFinished(() => node.close());
	return { node, link };
}

async function caller(options: Omit<NodeOptions, "link"> = {}) {
	const { node, link } = await join("caller@example.org", options);
	return { node, link, learn: node.client(lexicon, { domain: DOMAIN }).learn };
}

async function provider(learn: Handlers<typeof lexicon.functions>["learn"], options: Omit<NodeOptions, "link"> = {}) {
	const { node, link } = await join("worker@example.org", options);
	await node.serve(lexicon, { learn }, { domain: DOMAIN, instance: "one" });
	await pass();
	return { node, link };
}

/** A call that is kept, and leased as soon as an instance takes it. */
async function sent(options: Omit<NodeOptions, "link"> = {}) {
	const { node, learn, link } = await caller(options);
	const sending = learn.send({ word: "iq" });
	await pass();
	return { node, link, callId: await sending };
}

/** Sends what somebody makes up who is not who was asked: an account, or another address of the same domain. */
async function forger(from: string): Promise<(stanza: Element) => void> {
	if (from.includes(DOMAIN)) return (stanza) => domain.send(stanza.with({ from }));
	const { link } = await rawLink(bus, from);
	return (stanza) => link.send(stanza);
}

const FORGERS = ["mallory@example.org/x", `other@${DOMAIN}`, `lexicon@${DOMAIN}/x`];

describe.each(FORGERS)("An answer that %s has made up, with the id of the question", (from) => {
	let send: (stanza: Element) => void;
	beforeEach(async () => {
		send = await forger(from);
	});
	/** Answers the next of these requests in the domain's place, which gets nothing of it. */
	function forge(name: string, payload: (asked: Element) => Element) {
		domain.instead.set(name, (stanza) => {
			domain.instead.delete(name);
			const [id, to] = [stanza.attr("id"), stanza.attr("from")];
			send(iq("result", { id: id as string, to: to as string }, payload(stanza.child() as Element)));
			return "ignored";
		});
	}

	it("has no call accepted: it is submitted until its domain has it", async () => {
		forge("submit", (asked) => {
			const [item] = decodeSubmit(asked);
			return encodeAccepted({ keepMs: 1, items: [{ id: item?.id as string, state: "accepted" }] });
		});
		const { node, learn } = await caller();
		let isSent = false;
		void learn.send({ word: "iq" }).then(() => (isSent = true));
		await pass(2_000);
		expect([isSent, node.stats().droppedAnswers]).toEqual([false, 1]);
		await pass(6_000);
		expect([isSent, domain.calls.length]).toEqual([true, 1]);
	});

	it("settles and cancels no call", async () => {
		const { node, callId } = await sent();
		const id = domain.call.item.id;
		const made = () => encodeStates([{ id, state: "settled", attempts: 1, outcome: reply("forged") }]);
		forge("await", made);
		const outcome = failureOf(node.outcome(callId, { timeoutMs: 60_000 }));
		// Who waits asks after some seconds.
		await pass(6_000);
		forge("cancel", made);
		const cancelled = node.cancel(callId);
		await pass();
		expect([domain.count("await"), domain.count("cancel"), domain.call.state]).toEqual([1, 1, "waiting"]);
		await pass(8_000);
		expect(domain.call.outcome?.code).toBe("cancelled");
		expect(await cancelled).toBe(true);
		expect(await outcome).toMatchObject({ code: "cancelled" });
	});

	it("records no outcome: it is reported until its domain has it", async () => {
		forge("settle", () => encodeRecorded([{ n: 1, token: 1 }]));
		await provider(() => "done");
		await sent();
		expect(domain.call.state).toBe("leased");
		await pass(8_000);
		expect([domain.call.state, domain.count("settle")]).toEqual(["settled", 2]);
	});

	it("takes no lease away, and has nothing pulled", async () => {
		forge("pull", () => encodePulling(1));
		const { open, opened } = gate<string>();
		let signal: AbortSignal | undefined;
		await provider((_, ctx) => {
			signal = ctx.signal;
			return opened;
		});
		await pass(8_000);
		expect(domain.count("pull")).toBe(2);
		await sent();
		forge("renew", () => encodeRenewedLeases({ leaseMs: 1, isPulling: false, lost: [{ n: 1, token: 1 }] }));
		await pass(16_000);
		expect([domain.count("renew") > 0, signal?.aborted, domain.count("pull")]).toEqual([true, false, 2]);
		open("done");
		await pass();
		expect(domain.call.state).toBe("settled");
	});
});

it.each(["mallory@example.org/x", `other@${DOMAIN}`, `lexicon.learn@${DOMAIN}`, "lexicon@evil.example.org/x"])(
	"An outcome that %s tells settles nothing",
	async (from) => {
		const { node, callId } = await sent();
		const told = encodeOutcomes([{ id: domain.call.item.id, attempts: 1, outcome: reply("forged") }]);
		const send = await forger(from);
		send(iq("set", { id: "forged", to: node.jid }, told));
		await pass();
		const outcome = node.outcome(callId);
		domain.settle(domain.call, reply("true"));
		await pass();
		expect(await outcome).toBe("true");
	},
);

it("Hints of somebody else take no lease away, and have nothing pulled", async () => {
	const { open, opened } = gate<string>();
	let signal: AbortSignal | undefined;
	const { node } = await provider((_, ctx) => {
		signal = ctx.signal;
		return opened;
	});
	await sent();
	for (const from of ["mallory@example.org/x", "lexicon@evil.example.org/x"]) {
		const { link } = await rawLink(bus, from);
		const address = { to: node.jid, type: "headline" };
		link.send(message(address, encodeLost([{ n: 1, token: 1 }])));
		link.send(message(address, encodePullAgain({ service: "lexicon", instance: "one" })));
	}
	await pass();
	expect([signal?.aborted, domain.count("pull")]).toEqual([false, 1]);
	open("done");
	await pass();
	expect(domain.call.outcome).toMatchObject({ code: undefined });
});

it("Links that flap while a call is made cost one run, and as many pulls as there were links", async () => {
	const { open, opened } = gate<string>();
	const learn = vi.fn(() => opened);
	const serving = await provider(learn);
	const { node, link, callId } = await sent({ outbox: keptStore() });
	const outcome = node.outcome(callId, { timeoutMs: 60_000 });
	for (let i = 0; i < 10; i++) {
		for (const each of [link, serving.link]) each.cut();
		if (i === 5) open("done");
		await pass(i % 3 === 0 ? 500 : 0);
		for (const each of [link, serving.link]) await each.mend();
		await pass();
	}
	expect(await outcome).toBe("done");
	expect(learn).toHaveBeenCalledOnce();
	expect(domain.calls).toHaveLength(1);
	expect(domain.count("pull")).toBeLessThanOrEqual(11);
	expect(domain.count("submit")).toBe(1);
});

it("A provider that stood still for longer than its lease is fenced when it goes on, and says so", async () => {
	const { open, opened } = gate<string>();
	const log = keepingLog();
	await provider(() => opened, { log });
	await sent();
	// Nothing of it was heard: another instance has the call, and has settled it.
	domain.call.token++;
	domain.settle(domain.call, reply("of another"));
	open("too late");
	await pass();
	expect(domain.last.get("settle")?.child()?.attr("token")).toBe("1");
	expect(domain.call.outcome).toEqual(reply("of another"));
	expect(log.lines).toContainEqual(
		expect.stringMatching(/has not taken the outcome of lexicon's call .* settled otherwise/),
	);
	await pass(20_000);
	expect(domain.count("settle")).toBe(1);
});

it("A caller that is killed before its outbox is flushed has promised nothing, and its next process knows nothing", async () => {
	const held: (() => void)[] = [];
	let isStuck = false;
	const store = keptStore({ defer: (action) => (isStuck ? void held.push(action) : queueMicrotask(action)) });
	let journal: Journal | undefined;
	const outbox: Store = {
		...store,
		open: async (name) => {
			journal = await store.open(name);
			return journal;
		},
	};
	const { learn } = await caller({ outbox });
	isStuck = true;
	let isKept = false;
	void learn.send({ word: "iq" }).then(
		() => (isKept = true),
		() => {},
	);
	await pass(1_000);
	expect([isKept, held.length, domain.count("submit")]).toEqual([false, 1, 0]);
	isStuck = false;
	await new Promise<void>((resolve) => journal?.close(resolve));
	await caller({ outbox: store });
	// What was left of the first has been given up by now.
	await pass(31_000);
	expect([isKept, domain.calls]).toEqual([false, []]);
});

it("An inbox is one node's at a time, so that no call is in two processes", async () => {
	const inbox = keptStore();
	await provider(() => "", { inbox });
	const error = await failureOf(createNode({ link: new CuttableLink(bus, "worker@example.org"), inbox }));
	expect(error).toMatchObject({ code: "conflict", message: expect.stringContaining("the inbox (kept)") });
});

describe.each([3 * DAY_MS, -3 * DAY_MS])("A wall clock that jumps by %d ms", (byMs) => {
	const jump = () => vi.setSystemTime(Date.now() + byMs);

	it("in a caller lets no call expire, submits nothing again, and is no deadline", async () => {
		const { node, link, learn } = await caller({ outbox: keptStore() });
		link.cut();
		const kept = learn.send({ word: "iq" }, { expiresMs: 60_000 });
		await pass();
		await kept;
		jump();
		await pass(10_000);
		await link.mend();
		await pass();
		expect(domain.call.item.expiresMs).toBeGreaterThan(48_000);
		expect(domain.call.item.expiresMs).toBeLessThanOrEqual(50_000);
		let error: BusError | undefined;
		void node.outcome(await kept, { timeoutMs: 5_000 }).catch((thrown: BusError) => {
			error = thrown;
		});
		jump();
		await pass(4_000);
		expect(error).toBeUndefined();
		await pass(1_500);
		expect(error).toMatchObject({ code: "deadline-exceeded", executed: "unknown" });
		expect(domain.count("submit")).toBe(1);
	});

	it("between two processes of a caller is time away, if it is time at all", async () => {
		const outbox = keptStore();
		const first = await caller({ outbox });
		first.link.cut();
		const kept = first.learn.send({ word: "iq" }, { expiresMs: 60_000 });
		await pass();
		const callId = await kept;
		await first.node.close();
		jump();
		const { node } = await caller({ outbox });
		await pass();
		if (byMs < 0) expect(domain.call.item.expiresMs).toBeLessThanOrEqual(60_000);
		// Whether the first had submitted it is not known to the second.
		else
			expect(await failureOf(node.outcome(callId))).toMatchObject({ code: "deadline-exceeded", executed: "unknown" });
	});

	it("in a provider ends no run and no lease, and what an inbox has is reported by its next process", async () => {
		const { open, opened } = gate<string>();
		let signal: AbortSignal | undefined;
		const inbox = keptStore();
		const { node } = await provider(
			(_, ctx) => {
				signal = ctx.signal;
				return opened;
			},
			{ inbox },
		);
		await sent();
		jump();
		await pass(16_000);
		expect([signal?.aborted, domain.count("renew") > 0]).toEqual([false, true]);
		domain.instead.set("settle", () => "ignored");
		open("done");
		await pass();
		await node.close();
		domain.instead.clear();
		for (let days = 0; days < 30; days += 3) jump();
		const again = vi.fn(() => "again");
		await provider(again, { inbox });
		await pass(1_000);
		expect(domain.call.outcome).toMatchObject({ code: undefined });
		expect(again).not.toHaveBeenCalled();
	});
});
