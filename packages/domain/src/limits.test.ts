import { memoryStore } from "@antiphon/delivery";
import { memoryBus } from "@antiphon/link";
import { decodeAccepted, decodePulling, encodeSubmit } from "@antiphon/protocol";
import { expect, it } from "vitest";
import { queueLimits, resolveLimits } from "./limits.js";
import { failure, host, NAME } from "./testing/bus.js";
import { AT, keeping, pull, submit, submitted } from "./testing/durable.js";

it("What is said of durable calls is what the queue goes by", () => {
	const said = {
		maxQueuedCalls: 1,
		maxQueuedCallsPerFunction: 2,
		maxQueuedCallsPerCaller: 3,
		keepOutcomesHours: 4,
		maxDeadLetters: 5,
		keepDeadLettersDays: 6,
		callLeaseMs: 70_000,
		callTakenMs: 8_000,
	};
	expect(queueLimits(resolveLimits(said))).toEqual({
		calls: 1,
		callsPerFunction: 2,
		callsPerSender: 3,
		keepMs: 4 * 3_600_000,
		deadLetters: 5,
		deadMs: 6 * 86_400_000,
		leaseMs: 70_000,
		takenMs: 8_000,
	});
});

it("A domain has the bounds that it is given for durable calls, and says them", async () => {
	const { caller, worker } = await keeping({
		limits: { maxQueuedCallsPerCaller: 1, keepOutcomesHours: 2, callLeaseMs: 30_000 },
	});
	expect(decodePulling(await worker.result("set", NAME, pull({ credit: 0 })))).toBe(30_000);
	const answer = decodeAccepted(await caller.result("set", AT, encodeSubmit([submitted("a")])));
	expect(answer).toMatchObject({ keepMs: 7_200_000, items: [{ id: "a", state: "accepted" }] });
	expect(await submit(caller, submitted("b"))).toMatchObject([{ error: { code: "overloaded" } }]);
});

it("A call that comes again is told no more than it was promised", async () => {
	const store = memoryStore();
	const first = await keeping({ store, limits: { keepOutcomesHours: 2 } });
	await submit(first.caller, submitted("a"));
	await first.hosted.close();
	const { caller } = await keeping({ store });
	const keepMs = async (...ids: string[]) =>
		decodeAccepted(await caller.result("set", AT, encodeSubmit(ids.map((id) => submitted(id))))).keepMs;
	expect(await keepMs("b")).toBe(86_400_000);
	expect(await keepMs("b", "a")).toBe(7_200_000);
});

it.each([
	[{ keepOutcomesHours: 0 }, "limits.keepOutcomesHours must be a whole number from 1 to"],
	[{ keepDeadLettersDays: 3_651 }, "limits.keepDeadLettersDays must be a whole number from 1 to 3650, not 3651"],
	[{ callLeaseMs: 14_999 }, "limits.callLeaseMs must be a whole number from 15000 to 86400000, not 14999"],
	[{ callTakenMs: 45_001 }, "limits.callTakenMs must be a whole number from 1000 to 45000, not 45001"],
])("A domain is not hosted with %j", async (limits, message) => {
	const refused = await failure(host(memoryBus(), { limits }));
	expect([refused.code, refused.message]).toEqual(["invalid-argument", expect.stringContaining(message)]);
});
