import { memoryBus } from "@antiphon/link";
import {
	decodeAccepted,
	decodeOutcomes,
	decodePulling,
	decodeStates,
	encodeAwait,
	encodeCancel,
	encodeReceived,
	encodeSubmit,
	Jid,
	type LeaseRef,
	NS,
	type SubmittedCall,
} from "@antiphon/protocol";
import type { Element } from "@antiphon/xml";
import { describe, expect, it } from "vitest";
import { host, NAME } from "../testing/bus.js";
import {
	AT,
	call,
	conditionOf,
	delivered,
	keeping,
	pull,
	settle,
	states,
	submit,
	submitted,
	taken,
	words,
} from "../testing/durable.js";
import { failingStore } from "../testing/failing-store.js";
import { Party } from "../testing/party.js";

it("A call goes from its caller to a provider, and its outcome comes back to whoever asked to be told", async () => {
	const { caller, worker } = await keeping();
	expect(await submit(caller, submitted("a", { notify: true }))).toEqual([{ id: "a", state: "accepted" }]);
	expect(decodePulling(await worker.result("set", NAME, pull()))).toBeGreaterThan(0);
	const [delivered] = await taken(worker);
	expect(delivered).toMatchObject({ id: "a", attempt: 1, delivery: "effectively-once" });
	expect(delivered).toMatchObject({ head: { fn: "words.learn", ttlMs: 5_000, for: Jid.parse("caller@example.org") } });
	const { n, token } = delivered as LeaseRef;
	expect(await settle(worker, { n, token }, { words: 7 })).toEqual({ n, token });
	const [told] = await caller.awaited("outcome");
	expect(told?.attr("from")).toBe(AT);
	const [outcome] = decodeOutcomes(told?.child() as Element);
	expect(outcome).toMatchObject({ id: "a", attempts: 1 });
	caller.answer(told as Element, encodeReceived([{ id: "a" }]));
	// Reported once more: it is recorded, and that is all.
	expect(await settle(worker, { n, token }, { words: 7 })).toEqual({ n, token });
	expect(await states(caller, "a")).toMatchObject([{ id: "a", state: "settled", attempts: 1 }]);
});

it("A call that was accepted outlives its host, and its provider, and is answered by the next of both", async () => {
	const { bus, store, hosted, caller, worker } = await keeping();
	await worker.result("set", NAME, pull({ credit: 1 }));
	await submit(caller, submitted("a"), submitted("b"));
	const [first] = await taken(worker);
	expect(first?.id).toBe("a");
	await hosted.close();
	await host(bus, { store });
	// Nobody is registered, and what was accepted is known, as are the functions.
	expect(await submit(caller, submitted("a"), submitted("c"))).toEqual([
		{ id: "a", state: "known" },
		{ id: "c", state: "accepted" },
	]);
	const again = await Party.join(bus, "worker@example.org/b");
	await again.register(words, "one");
	await again.result("set", NAME, pull({ number: 2, held: [first as LeaseRef] }));
	const calls = await taken(again);
	expect(calls.map(({ id }) => id).sort()).toEqual(["b", "c"]);
	// The bare JID and the token are what counts, whatever the resource.
	const { n, token } = first as LeaseRef;
	expect(await settle(again, { n, token })).toEqual({ n, token });
	expect(await states(caller, "a", "b")).toMatchObject([{ state: "settled" }, { state: "leased" }]);
});

it("Sixty-four calls are accepted in one answer, and delivered together", async () => {
	const { caller, worker } = await keeping();
	await worker.result("set", NAME, pull({ credit: 100 }));
	const ids = Array.from({ length: 64 }, (_, i) => `c${i}`);
	const answers = await submit(caller, ...ids.map((id) => submitted(id)));
	expect(answers).toEqual(ids.map((id) => ({ id, state: "accepted" })));
	await expect.poll(() => delivered(worker).length, { timeout: 10_000 }).toBe(64);
	expect(worker.came.filter((stanza) => stanza.child("deliver", NS.delivery) !== undefined).length).toBeLessThanOrEqual(
		2,
	);
});

describe("What is submitted", () => {
	const refused = async (given: Partial<SubmittedCall>) => {
		const { caller } = await keeping();
		const [bad, good] = await submit(caller, submitted("bad", given), submitted("good"));
		return { bad, good };
	};

	it.each([
		["with a function that nobody declares", { call: call("words.other") }, "unimplemented"],
		["with a function whose calls are not kept", { call: call("words.forget") }, "unimplemented"],
		["for a major version that nobody serves", { call: call("words.learn", null, "2.0.0") }, "unavailable"],
		["at the address of another service", { call: call("other.learn") }, "invalid-argument"],
		["for somebody else", { call: call("words.learn").with({ for: "boss@example.org" }) }, "forbidden"],
		["too large to be delivered", { call: call("words.learn", "x".repeat(62 * 1024)) }, "too-large"],
	])("%s is refused, and not what came with it", async (_, given, code) => {
		const { bad, good } = await refused(given);
		expect(bad?.error).toMatchObject({ code, executed: "no" });
		expect(good?.error).toBeUndefined();
	});

	it("by whom policy keeps out is forbidden and counted, whether or not there is such a function", async () => {
		const { bus, hosted } = await keeping({ access: { call: [{ allow: "*", to: "words.learn" }] } });
		const caller = await Party.join(bus, "caller@example.org/other");
		const items = await submit(caller, submitted("a"), submitted("b", { call: call("words.secret") }));
		expect(items).toMatchObject([{ state: "accepted" }, { error: { code: "forbidden", executed: "no" } }]);
		expect(hosted.denied).toBe(1);
	});

	it("under a name that nobody owns is not found", async () => {
		const { caller } = await keeping();
		const payload = encodeSubmit([submitted("a", { call: call("nobody.learn") })]);
		const ask = async () => decodeAccepted(await caller.result("set", `nobody@${NAME}`, payload)).items;
		// For a millisecond after its start the host does not know who may yet come.
		await expect.poll(ask).toMatchObject([{ error: { code: "not-found", executed: "no" } }]);
	});

	it("again is known, from every resource; with other input it is a conflict; of another account it is another call", async () => {
		const { bus, caller } = await keeping();
		await submit(caller, submitted("a", { call: call("words.learn", 1) }));
		const phone = await Party.join(bus, "caller@example.org/phone");
		expect(await submit(phone, submitted("a", { call: call("words.learn", 1) }))).toEqual([
			{ id: "a", state: "known" },
		]);
		expect(await submit(phone, submitted("a", { call: call("words.learn", 2) }))).toMatchObject([
			{ error: { code: "conflict", executed: "no" } },
		]);
		const other = await Party.join(bus, "other@example.org/x");
		expect(await submit(other, submitted("a", { call: call("words.learn", 2) }))).toEqual([
			{ id: "a", state: "accepted" },
		]);
	});

	it("without a version goes to the newest that is served", async () => {
		const { caller, worker } = await keeping();
		await submit(caller, submitted("a", { call: call("words.learn", null, undefined) }));
		await worker.result("set", NAME, pull());
		expect(await taken(worker)).toMatchObject([{ head: { version: "1.0.0" } }]);
	});

	it("as a list that cannot be read is refused as a whole", async () => {
		const { caller } = await keeping();
		const twice = encodeSubmit([submitted("a"), submitted("a")]);
		expect(conditionOf(await caller.ask("set", AT, twice))).toBe("bad-request");
	});

	it("where no calls are kept is answered as what nobody knows", async () => {
		const bus = memoryBus();
		await host(bus);
		const caller = await Party.join(bus, "caller@example.org/desk");
		expect(conditionOf(await caller.ask("set", AT, encodeSubmit([submitted("a")])))).toBe("service-unavailable");
	});
});

describe("Of a call hears and decides its sender alone", () => {
	it("who asks for another's id learns nothing, and cannot cancel the call", async () => {
		const { bus, caller } = await keeping();
		await submit(caller, submitted("a"));
		const mallory = await Party.join(bus, "mallory@example.org/x");
		// It may have been forgotten: nobody can say that it has not run.
		const unknown = { code: "not-found", executed: "unknown", message: "no call of yours has this id" };
		expect(await states(mallory, "a", "never")).toMatchObject([
			{ id: "a", error: unknown },
			{ id: "never", error: unknown },
		]);
		const cancel = encodeCancel([{ id: "a", fn: "words.learn", expiresMs: 1_000 }]);
		const answer = decodeStates(await mallory.result("set", AT, cancel));
		const outcome = { code: "cancelled" };
		expect(answer).toMatchObject([{ id: "a", state: "settled", attempts: 0, outcome, isUnknown: true }]);
		expect(await states(caller, "a")).toMatchObject([{ id: "a", state: "waiting" }]);
	});

	it("who may call nothing makes ids up in vain: nothing is kept of them, and what is cancelled before it comes is another's", async () => {
		const { control, store } = failingStore();
		const { bus, caller } = await keeping({ store });
		await submit(caller, submitted("a"));
		const stranger = await Party.join(bus, "mallory@elsewhere.example/x");
		const before = control.stored;
		for (let flood = 0; flood < 20; flood++) {
			const ids = Array.from({ length: 64 }, (_, i) => ({
				id: `${flood}-${i}`,
				fn: undefined,
				expiresMs: 2_592_000_000,
			}));
			const answers = decodeStates(await stranger.result("set", AT, encodeCancel(ids)));
			expect(answers.every(({ error }) => error?.code === "not-found" && error.executed === "unknown")).toBe(true);
		}
		expect(control.stored).toBe(before);
		const own = encodeCancel([{ id: "b", fn: "words.learn", expiresMs: 1_000 }]);
		expect(decodeStates(await caller.result("set", AT, own))).toMatchObject([{ id: "b", state: "settled" }]);
		expect(control.stored).toBe(before + 1);
	});

	it("strangers that ask for made-up ids keep no caller out, however many accounts they have", async () => {
		const { control, store } = failingStore();
		const { bus, caller } = await keeping({ store });
		await submit(caller, submitted("a"));
		const strangers = await Promise.all(
			["m1", "m2", "m3", "m4"].map((name) => Party.join(bus, `${name}@elsewhere.example/x`)),
		);
		// The queue decides nothing for a second, and gathers what comes.
		control.fails = "full";
		await submit(caller, submitted("b"));
		control.fails = undefined;
		const calls = Array.from({ length: 64 }, (_, i) => ({ id: `made-up-${i}` }));
		const flood = strangers.flatMap((stranger) =>
			Array.from({ length: 20 }, () => stranger.ask("get", AT, encodeAwait({ notify: true, calls }))),
		);
		for (let i = 0; i < 100; i++) await new Promise(setImmediate);
		expect(await states(caller, "a")).toMatchObject([{ id: "a", state: "waiting" }]);
		await Promise.all(flood);
	});

	it("who may not call any more hears of its calls of before, and cancels them, however many strangers ask", async () => {
		const { control, store } = failingStore();
		const { bus, hosted, caller } = await keeping({ store });
		await submit(caller, submitted("a"), submitted("b"));
		hosted.setAccess({ call: [{ allow: "boss@example.org" }] });
		const stranger = await Party.join(bus, "mallory@elsewhere.example/x");
		// The queue decides nothing for a second, and gathers what comes.
		control.fails = "full";
		const cancelled = caller.result("set", AT, encodeCancel([{ id: "b", fn: undefined, expiresMs: 1_000 }]));
		await expect.poll(() => control.refused).toBeGreaterThan(0);
		control.fails = undefined;
		const calls = Array.from({ length: 64 }, (_, i) => ({ id: `made-up-${i}` }));
		const flood = Array.from({ length: 20 }, () => stranger.ask("get", AT, encodeAwait({ notify: true, calls })));
		for (let i = 0; i < 100; i++) await new Promise(setImmediate);
		expect(await states(caller, "a", "made-up")).toMatchObject([
			{ id: "a", state: "waiting" },
			{ id: "made-up", error: { code: "not-found" } },
		]);
		expect(await submit(caller, submitted("c"))).toMatchObject([{ error: { code: "forbidden" } }]);
		// None of them has waited for the queue, nor kept another out.
		const answers = (await Promise.all(flood)).flatMap((answer) => decodeStates(answer.child()));
		expect(answers.filter(({ error }) => error?.code !== "not-found")).toEqual([]);
		await cancelled;
		const again = await caller.result("set", AT, encodeCancel([{ id: "b", fn: undefined, expiresMs: 1_000 }]));
		expect(decodeStates(again)).toMatchObject([{ id: "b", state: "settled", outcome: { code: "cancelled" } }]);
	});

	it("who asks from an address to which an outcome may not fit is told so, and may ask from another", async () => {
		const { bus, caller } = await keeping();
		await submit(caller, submitted("a"));
		const long = await Party.join(bus, `caller@example.org/${"'".repeat(200)}`);
		const cancel = encodeCancel([{ id: "a", fn: undefined, expiresMs: 1_000 }]);
		expect(await submit(long, submitted("b"))).toMatchObject([{ error: { code: "too-large", executed: "no" } }]);
		const answers = [await states(long, "a"), decodeStates(await long.result("set", AT, cancel))];
		for (const answer of answers) expect(answer).toMatchObject([{ error: { code: "too-large", executed: "unknown" } }]);
		expect(await states(caller, "a")).toMatchObject([{ state: "waiting" }]);
	});

	it("an account that only looks like a caller's is another, and the same one written in another way is the same", async () => {
		const { bus, caller } = await keeping();
		await submit(caller, submitted("a"));
		for (const alike of ["c\u0430ller@example.org/x", "caller.@example.org/x", "ca\u0327ller@example.org/x"]) {
			const other = await Party.join(bus, alike);
			expect(await states(other, "a")).toMatchObject([{ error: { code: "not-found" } }]);
		}
		const same = await Party.join(bus, "CALLER@Example.ORG/x");
		expect(await states(same, "a")).toMatchObject([{ state: "waiting" }]);
	});

	it("who cancels has its outcome, and no provider gets it", async () => {
		const { caller, worker } = await keeping();
		await submit(caller, submitted("a"), submitted("b"));
		const cancel = encodeCancel([{ id: "a", fn: "words.learn", expiresMs: 1_000 }]);
		expect(decodeStates(await caller.result("set", AT, cancel))).toMatchObject([
			{ id: "a", state: "settled", outcome: { code: "cancelled", executed: "no" } },
		]);
		await worker.result("set", NAME, pull());
		expect((await taken(worker)).map(({ id }) => id)).toEqual(["b"]);
	});

	it.each([
		["", "x".repeat(20 * 1024)],
		[" as they are sent, with their escapes,", "&".repeat(5 * 1024)],
	])("outcomes that%s do not fit into one answer are told each alone", async (_, output) => {
		const { caller, worker } = await keeping();
		await worker.result("set", NAME, pull());
		await submit(caller, submitted("a"), submitted("b"));
		await expect.poll(() => delivered(worker).length, { timeout: 10_000 }).toBe(2);
		for (const lease of delivered(worker)) await settle(worker, lease, output);
		const [a, b] = await states(caller, "a", "b");
		expect(
			[a, b].map((each) => each?.error === undefined && each?.state === "settled" && each.outcome !== undefined),
		).toEqual([true, false]);
		expect(await states(caller, "b")).toMatchObject([{ state: "settled", outcome: { code: undefined } }]);
	});
});
