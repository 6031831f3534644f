import {
	BusError,
	decodeRenewedLeases,
	encodeFault,
	encodeLeaseRenewal,
	encodeRelease,
	encodeTaken,
	errorOf,
	iq,
	type LeaseRef,
	presence,
} from "@antiphon/protocol";
import type { Element } from "@antiphon/xml";
import { describe, expect, it } from "vitest";
import { NAME } from "../testing/bus.js";
import {
	AT,
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

/** A call that an instance holds. */
async function leased() {
	const world = await keeping();
	await world.worker.result("set", NAME, pull());
	await submit(world.caller, submitted("a"));
	const [lease] = await taken(world.worker);
	const mallory = await Party.join(world.bus, "mallory@example.org/x");
	return { ...world, mallory, lease: lease as LeaseRef };
}

const renewal = (...leases: LeaseRef[]) => encodeLeaseRenewal({ service: "words", instance: "one", leases });
const release = ({ n, token }: LeaseRef) =>
	encodeRelease({ retryAfterMs: undefined, leases: [{ n, token, executed: "no" }] });

it("Who has not registered an instance gets none of its calls: not another, and not another node of its account", async () => {
	const { bus, caller, worker } = await keeping();
	await submit(caller, submitted("a"));
	for (const jid of ["mallory@example.org/x", "worker@example.org/b"]) {
		const other = await Party.join(bus, jid);
		expect(conditionOf(await other.ask("set", NAME, pull()))).toBe("item-not-found");
		expect(delivered(other)).toEqual([]);
	}
	expect(await states(caller, "a")).toMatchObject([{ state: "waiting" }]);
	await worker.result("set", NAME, pull());
	expect(await taken(worker)).toMatchObject([{ id: "a" }]);
});

it("An outcome that no stanza could tell is recorded as too large, which is what everybody of the account hears", async () => {
	const { bus, caller, worker, lease } = await leased();
	const { n, token } = lease;
	expect(await settle(worker, lease, "x".repeat(64_500))).toEqual({ n, token });
	const phone = await Party.join(bus, `caller@example.org/${"r".repeat(1_000)}`);
	for (const by of [caller, phone]) {
		expect(await states(by, "a")).toMatchObject([
			{ state: "settled", attempts: 1, outcome: { code: "too-large", executed: "yes" } },
		]);
	}
});

describe("The lease of another", () => {
	it("cannot be settled with its token, nor given back", async () => {
		const { caller, worker, mallory, lease } = await leased();
		expect((await settle(mallory, lease))?.error).toMatchObject({ code: "conflict" });
		await mallory.result("set", NAME, release(lease));
		expect(await states(caller, "a")).toMatchObject([{ state: "leased", attempts: 1 }]);
		expect(await settle(worker, lease)).toEqual({ n: lease.n, token: lease.token });
	});

	it("cannot be renewed, and whether its instance pulls is not told, nor to another node of its account", async () => {
		const { bus, worker, mallory, lease } = await leased();
		const { n, token } = lease;
		expect(decodeRenewedLeases(await mallory.result("set", NAME, renewal(lease)))).toMatchObject({
			isPulling: false,
			lost: [{ n, token }],
		});
		const other = await Party.join(bus, "worker@example.org/b");
		expect(decodeRenewedLeases(await other.result("set", NAME, renewal()))).toMatchObject({ isPulling: false });
		expect(decodeRenewedLeases(await worker.result("set", NAME, renewal(lease)))).toMatchObject({
			isPulling: true,
			lost: [],
		});
	});
});

it("A flood of what a stranger makes up about leases keeps no provider out", async () => {
	const { control, store } = failingStore();
	const { bus, caller, worker } = await keeping({ store });
	await worker.result("set", NAME, pull());
	await submit(caller, submitted("a"));
	const [lease] = await taken(worker);
	const mallory = await Party.join(bus, "mallory@elsewhere.example/x");
	// The queue decides nothing for a second, and gathers what comes.
	control.fails = "full";
	await submit(caller, submitted("b"));
	control.fails = undefined;
	const leases = Array.from({ length: 64 }, (_, i) => ({ n: i + 1, token: 1, executed: "no" as const }));
	const flood = Array.from({ length: 80 }, () =>
		mallory.ask("set", NAME, encodeRelease({ retryAfterMs: 86_400_000, leases })),
	);
	for (let i = 0; i < 100; i++) await new Promise(setImmediate);
	const { n, token } = lease as LeaseRef;
	expect(await settle(worker, { n, token })).toEqual({ n, token });
	await Promise.all(flood);
	expect(await states(caller, "a")).toMatchObject([{ state: "settled", attempts: 1 }]);
});

it("A token that is not the last one settles nothing", async () => {
	const { caller, worker, lease } = await leased();
	await worker.result("set", NAME, release(lease));
	const [again] = await taken(worker, 2);
	expect(again).toMatchObject({ n: lease.n, id: "a" });
	expect(again?.token).toBeGreaterThan(lease.token);
	expect((await settle(worker, lease))?.error).toMatchObject({ code: "conflict" });
	expect(await settle(worker, again as LeaseRef)).toEqual({ n: lease.n, token: again?.token });
	expect(await states(caller, "a")).toMatchObject([{ state: "settled" }]);
});

it("A provider that has gone gets nothing until it has come back and pulls", async () => {
	const { caller, worker, hosted } = await keeping();
	await worker.result("set", NAME, pull());
	worker.link.send(presence({ to: NAME, type: "unavailable" }));
	await expect.poll(() => hosted.instances, { timeout: 10_000 }).toBe(0);
	await submit(caller, submitted("a"));
	expect(await states(caller, "a")).toMatchObject([{ state: "waiting" }]);
	await worker.register(words, "one");
	await worker.result("set", NAME, pull({ number: 2 }));
	expect(await taken(worker)).toMatchObject([{ id: "a" }]);
});

it("A delivery that comes back undone is made again when the instance pulls again", async () => {
	const { caller, worker } = await keeping();
	await worker.result("set", NAME, pull());
	await submit(caller, submitted("a"), submitted("b"));
	const [first] = await worker.awaited("deliver");
	worker.link.send(errorOf(first as Element, encodeFault(new BusError("unavailable", "nobody there"), "json")));
	await expect
		.poll(() => states(caller, "a", "b"), { timeout: 10_000 })
		.toMatchObject([{ state: "waiting" }, { state: "waiting" }]);
	await worker.result("set", NAME, pull({ number: 2 }));
	const calls = await taken(worker, 2);
	expect(calls.map(({ id, attempt }) => [id, attempt])).toEqual([
		["a", 1],
		["b", 1],
	]);
});

it("What says that a delivery was taken, or came back, counts only from who was asked", async () => {
	const { bus, caller, worker } = await keeping();
	await worker.result("set", NAME, pull());
	await submit(caller, submitted("a"));
	const [stanza] = await worker.awaited("deliver");
	const [lease] = delivered(worker);
	const mallory = await Party.join(bus, "mallory@example.org/x");
	const id = stanza?.attr("id") ?? "";
	const { n, token } = lease as LeaseRef;
	const refusal = encodeTaken([{ n, token, error: new BusError("conflict", "not here") }]);
	mallory.link.send(iq("result", { id, to: AT }, refusal));
	// Answered: what was sent before has been read.
	await mallory.result("set", NAME, renewal());
	expect(await states(caller, "a")).toMatchObject([{ state: "leased" }]);
	worker.answer(stanza as Element, refusal);
	await expect.poll(() => states(caller, "a"), { timeout: 10_000 }).toMatchObject([{ state: "waiting" }]);
});
