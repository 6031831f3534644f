import { decodeOutcomes, type LeaseRef } from "@antiphon/protocol";
import type { Element } from "@antiphon/xml";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { failure, host, NAME } from "./testing/bus.js";
import { delivered, keeping, pull, settle, states, submit, submitted, taken, words } from "./testing/durable.js";
import { failingStore } from "./testing/failing-store.js";
import { Party } from "./testing/party.js";

const DAY_MS = 86_400_000;

/** What has been tried again without success. */
const triedAgain = (control: { readonly refused: number }) =>
	expect.poll(() => control.refused, { timeout: 10_000 }).toBeGreaterThan(1);

describe("A disk that is full", () => {
	it("keeps a call from being accepted, and nothing of it is found or run, also by the next host", async () => {
		const { control, store } = failingStore();
		const { bus, caller, worker, hosted } = await keeping({ store });
		await worker.result("set", NAME, pull());
		control.fails = "full";
		expect(await submit(caller, submitted("a"))).toMatchObject([
			{ id: "a", error: { code: "overloaded", executed: "no", retryAfterMs: 5_000 } },
		]);
		control.fails = undefined;
		expect(await states(caller, "a")).toMatchObject([{ error: { code: "not-found" } }]);
		await hosted.close();
		await host(bus, { store });
		expect(await states(caller, "a")).toMatchObject([{ error: { code: "not-found" } }]);
		expect(delivered(worker)).toEqual([]);
		// The same again is a call as any other.
		expect(await submit(caller, submitted("a"))).toEqual([{ id: "a", state: "accepted" }]);
	});

	it("keeps a call from being leased: nothing is delivered before there is room for its token", async () => {
		const { control, store } = failingStore();
		const { caller, worker } = await keeping({ store });
		await submit(caller, submitted("a"));
		control.fails = "full";
		const pulled = worker.result("set", NAME, pull());
		await triedAgain(control);
		expect(delivered(worker)).toEqual([]);
		control.fails = undefined;
		await pulled;
		const [lease] = await taken(worker);
		expect(lease).toMatchObject({ id: "a", token: 1, attempt: 1 });
		expect(await settle(worker, lease as LeaseRef)).toEqual({ n: lease?.n, token: 1 });
	});

	it("keeps an outcome from being acknowledged and told until it is stored, once", async () => {
		const { control, store } = failingStore();
		const { bus, caller, worker, hosted } = await keeping({ store });
		await worker.result("set", NAME, pull());
		await submit(caller, submitted("a", { notify: true }));
		const [lease] = await taken(worker);
		let isRecorded = false;
		control.fails = "full";
		const recorded = settle(worker, lease as LeaseRef, 7).then((answer) => {
			isRecorded = true;
			return answer;
		});
		await triedAgain(control);
		expect([isRecorded, caller.came]).toEqual([false, []]);
		control.fails = undefined;
		expect(await recorded).toEqual({ n: lease?.n, token: lease?.token });
		await hosted.close();
		await host(bus, { store });
		expect(await states(caller, "a")).toMatchObject([{ state: "settled", attempts: 1, outcome: { code: undefined } }]);
	});
});

it.each(["failed", "lost"] as const)(
	"A flush that goes wrong (%s) acknowledges nothing, and the next host has what was acknowledged before",
	async (fails) => {
		const { control, store } = failingStore();
		const { bus, caller, hosted } = await keeping({ store });
		await submit(caller, submitted("before"));
		control.fails = fails;
		let isAnswered = false;
		void submit(caller, submitted("a")).then(() => (isAnswered = true));
		expect(await hosted.closed).toMatchObject({ code: fails === "failed" ? "internal" : "conflict" });
		expect(isAnswered).toBe(false);
		control.fails = undefined;
		await host(bus, { store });
		expect(await states(caller, "before", "a")).toMatchObject([
			{ id: "before", state: "waiting" },
			{ id: "a", error: { code: "not-found" } },
		]);
	},
);

it("A journal of which a record is spoilt stops its host from starting, and the error says which", async () => {
	const { control, store } = failingStore();
	const { bus, caller, hosted } = await keeping({ store });
	await submit(caller, submitted("a"));
	await hosted.close();
	expect(control.stored).toBeGreaterThan(0);
	const journal = await store.open("queue");
	await new Promise<void>((resolve) => journal.write([["m", Buffer.from("{")]], () => resolve()));
	await new Promise<void>((resolve) => journal.close(resolve));
	const error = await failure(host(bus, { store }));
	expect(error).toMatchObject({ code: "internal", message: expect.stringContaining('"m"') });
});

/** The wall clock of this process, as far as it is wrong. */
function wallClock() {
	const real = Date.now.bind(Date);
	const clock = { offMs: 0 };
	const spy = vi.spyOn(Date, "now").mockImplementation(() => real() + clock.offMs);
	onTestFinished(() => spy.mockRestore());
	return clock;
}

describe("A wall clock that jumps by days", () => {
	/** A call that is leased, one that is put off, one that waits for another function's provider, and one that has its outcome. */
	async function busy() {
		const clock = wallClock();
		const { store } = failingStore();
		const world = await keeping({ store });
		const { caller, worker } = world;
		await worker.result("set", NAME, pull({ credit: 1 }));
		await submit(caller, submitted("settled"));
		const [first] = await taken(worker);
		await settle(worker, first as LeaseRef);
		await submit(caller, submitted("leased"), submitted("put-off", { afterMs: 50_000 }));
		const [lease] = await taken(worker, 2);
		return { ...world, store, clock, lease: lease as LeaseRef };
	}
	const ids = ["settled", "leased", "put-off"] as const;

	it.each([3 * DAY_MS, -3 * DAY_MS])(
		"(%d ms) under a domain that runs ends no lease, begins and expires nothing, and forgets no outcome",
		async (offMs) => {
			const { bus, store, hosted, caller, worker, clock, lease } = await busy();
			clock.offMs = offMs;
			expect(await submit(caller, submitted("new"))).toEqual([{ id: "new", state: "accepted" }]);
			const there = [{ state: "settled" }, { state: "leased", attempts: 1 }, { state: "delayed" }];
			expect(await states(caller, ...ids)).toMatchObject(there);
			// Neither does the start of another host after it.
			await hosted.close();
			await host(bus, { store });
			expect(await states(caller, ...ids)).toMatchObject(there);
			expect(await submit(caller, submitted("settled"))).toEqual([{ id: "settled", state: "known" }]);
			await worker.register(words, "one");
			expect(await settle(worker, lease)).toEqual({ n: lease.n, token: lease.token });
			expect(delivered(worker)).toHaveLength(2);
		},
	);

	it("between two hosts, backwards, is no time away", async () => {
		const { bus, store, hosted, caller, clock } = await busy();
		await submit(caller, submitted("soon", { afterMs: 1_000 }));
		await hosted.close();
		clock.offMs = -3 * DAY_MS;
		await host(bus, { store });
		expect(await states(caller, ...ids)).toMatchObject([
			{ state: "settled" },
			{ state: "leased" },
			{ state: "delayed" },
		]);
		expect(await submit(caller, submitted("settled"))).toEqual([{ id: "settled", state: "known" }]);
		await expect.poll(() => states(caller, "soon"), { timeout: 10_000 }).toMatchObject([{ state: "waiting" }]);
	});

	it("between two hosts, forwards, lets calls expire, as time away does, and forgets no outcome", async () => {
		const { bus, store, hosted, caller, worker, clock, lease } = await busy();
		await hosted.close();
		clock.offMs = 3 * DAY_MS;
		await host(bus, { store });
		// What nobody ever had has not run; of what was leased nobody knows.
		await expect
			.poll(() => states(caller, ...ids), { timeout: 10_000 })
			.toMatchObject([
				{ state: "settled", outcome: { code: undefined } },
				{ state: "settled", outcome: { code: "deadline-exceeded", executed: "unknown" } },
				{ state: "settled", outcome: { code: "deadline-exceeded", executed: "no" } },
			]);
		// The window in which a repeat is known is counted in time in which it was open.
		expect(await submit(caller, submitted("settled"))).toEqual([{ id: "settled", state: "known" }]);
		expect((await settle(worker, lease))?.error).toMatchObject({ code: "conflict" });
	});
});

describe("A caller that dies in mid-call", () => {
	it("and makes the call again under its key's id hears of the one outcome, and nothing runs twice", async () => {
		const { bus, caller, worker } = await keeping();
		await worker.result("set", NAME, pull());
		await submit(caller, submitted("a", { notify: true }));
		const [lease] = await taken(worker);
		await caller.link.close();
		await settle(worker, lease as LeaseRef, 7);
		const again = await Party.join(bus, "caller@example.org/desk");
		expect(await submit(again, submitted("a", { notify: true }))).toEqual([{ id: "a", state: "known" }]);
		const [told] = await again.awaited("outcome");
		expect(decodeOutcomes((told as Element).child() as Element)).toMatchObject([
			{ id: "a", attempts: 1, outcome: { code: undefined } },
		]);
		expect(delivered(worker)).toHaveLength(1);
	});
});
