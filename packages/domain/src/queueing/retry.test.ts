import { DEFAULT_RETRY } from "@antiphon/contract";
import { decodeSubmit, encodeSubmit, type ReadSubmission } from "@antiphon/protocol";
import { expect, it } from "vitest";
import { submitted } from "../testing/durable.js";
import { retryOf } from "./retry.js";

const asking = (given: Parameters<typeof submitted>[1]) => {
	const [read] = decodeSubmit(encodeSubmit([submitted("a", given)]));
	return read as ReadSubmission;
};
const stated = { attempts: 5, backoffMs: 100, maxBackoffMs: 1_000, attemptTimeoutMs: 2_000, faults: ["busy"] };

it("A call is tried again as its contract says, and a run takes no longer than its caller wants", () => {
	const { attemptTimeoutMs, ...others } = stated;
	expect(retryOf(stated, asking({}))).toEqual({ ...others, attemptMs: attemptTimeoutMs });
	expect(retryOf({ ...stated, attemptTimeoutMs: 9_000 }, asking({})).attemptMs).toBe(5_000);
	expect(retryOf(undefined, asking({}))).toMatchObject({ attempts: DEFAULT_RETRY.attempts, attemptMs: 5_000 });
});

it("It may ask for less than its contract, and not for more", () => {
	expect(retryOf(stated, asking({ attempts: 2, backoffMs: 5_000, maxBackoffMs: 3_000 }))).toMatchObject({
		attempts: 2,
		backoffMs: 5_000,
		maxBackoffMs: 5_000,
	});
	expect(retryOf(stated, asking({ attempts: 50, backoffMs: 1, maxBackoffMs: 1 }))).toMatchObject({
		attempts: 5,
		backoffMs: 100,
		maxBackoffMs: 1_000,
	});
});
