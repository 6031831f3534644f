import { describe, expect, it } from "vitest";
import { final, LinkFailure, passing } from "./failure.js";
import { RetryPolicy } from "./retry-policy.js";

const down = passing("link-lost", "down");
const forged = final("link-lost", "host-unknown");
const refused = final("unauthenticated", "wrong password").heardOn({ authentic: true });
const conflict = final("conflict", "taken").heardOn({ authentic: true });
const settings = { stableMs: 3000, backoff: { minMs: 100, maxMs: 30_000 } };

/** Always waits as long as it may. */
function setUp(options: { readonly wasOnline: boolean }) {
	const policy = new RetryPolicy(settings, () => 0.999999);
	if (options.wasOnline) policy.online();
	const attempt = (failure: LinkFailure) => policy.failed(failure, undefined);
	const session = (onlineMs: number, failure: LinkFailure = down) => {
		policy.online();
		return policy.failed(failure, onlineMs);
	};
	return { policy, attempt, session };
}

describe("Before the first session", () => {
	it.each([
		["of an authentic wire", refused],
		["of any other wire", forged],
		["that is a conflict", conflict],
	])("a final failure %s is the end, the first time", (_, failure) => {
		expect(setUp({ wasOnline: false }).attempt(failure)).toBeUndefined();
	});

	it("a failure that may pass is followed by attempts at longer and longer intervals", () => {
		const { attempt, policy } = setUp({ wasOnline: false });
		const waits = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map(() => attempt(down));
		expect(waits).toEqual([200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000]);
		expect(policy.failures).toBe(10);
	});
});

describe("After a session", () => {
	it("what anybody on the way may have said never ends the link, however often it is said", () => {
		const { attempt, session } = setUp({ wasOnline: true });
		expect(session(10_000, forged)).toBe(200);
		const waits = Array.from({ length: 1000 }, () => attempt(forged));
		expect(waits.slice(0, 3)).toEqual([200, 400, 800]);
		expect(waits.at(-1)).toBe(30_000);
	});

	it("a refusal by the server itself is believed at the fifth time in a row, asked for at the longest intervals", () => {
		const { attempt } = setUp({ wasOnline: true });
		expect([1, 2, 3, 4, 5].map(() => attempt(refused))).toEqual([30_000, 30_000, 30_000, 30_000, undefined]);
	});

	it.each([
		["a failure of another kind", down],
		["a failure that anybody may have made", forged],
		["a conflict", conflict],
	])("%s between refusals begins the count anew", (_, between) => {
		const { attempt } = setUp({ wasOnline: true });
		for (const failure of [refused, refused, refused, refused, between, refused, refused, refused, refused]) {
			expect(attempt(failure)).toBeGreaterThan(0);
		}
		expect(attempt(refused)).toBeUndefined();
	});

	it("a session between refusals begins the count anew", () => {
		const { attempt, session } = setUp({ wasOnline: true });
		for (let i = 0; i < 4; i++) attempt(refused);
		expect(session(1)).toBe(200);
		for (let i = 0; i < 4; i++) expect(attempt(refused)).toBe(30_000);
		expect(attempt(refused)).toBeUndefined();
	});

	it("a refusal that ends a session is the end when the server itself says it", () => {
		expect(setUp({ wasOnline: true }).session(10_000, refused)).toBeUndefined();
	});

	it("a conflict that ends a session is the end on any wire: going on would be a fight", () => {
		const unproven = conflict.heardOn({ authentic: false });
		expect(unproven).toBeInstanceOf(LinkFailure);
		for (const failure of [conflict, unproven]) {
			expect(setUp({ wasOnline: true }).session(10_000, failure)).toBeUndefined();
		}
	});

	it("a conflict that refuses an attempt may be our own old session, and is asked about without end", () => {
		const { attempt } = setUp({ wasOnline: true });
		for (let i = 0; i < 100; i++) expect(attempt(conflict)).toBeGreaterThan(0);
	});
});

describe("The waits between sessions", () => {
	it("grow with short ones to 3 s and no further, and start over with one that lasted", () => {
		const { session } = setUp({ wasOnline: false });
		const short = Array.from({ length: 100 }, () => session(10));
		expect(short.slice(0, 6)).toEqual([200, 400, 800, 1600, 3000, 3000]);
		expect(short.at(-1)).toBe(3000);
		expect(session(3000)).toBe(200);
		expect(session(2999)).toBe(400);
	});

	it("owe nothing to attempts that failed before, nor these to short sessions", () => {
		const { attempt, session, policy } = setUp({ wasOnline: false });
		for (let i = 0; i < 20; i++) attempt(down);
		expect(session(10)).toBe(200);
		for (let i = 0; i < 20; i++) session(10);
		expect(attempt(down)).toBe(200);
		expect(policy.failures).toBe(22);
	});

	it("keep to what the options say, where that is less or more", () => {
		const of = (minMs: number, maxMs: number) => {
			const policy = new RetryPolicy({ stableMs: 3000, backoff: { minMs, maxMs } }, () => 0.999999);
			policy.online();
			for (let i = 0; i < 20; i++) policy.failed(down, 1);
			return policy.failed(down, 1);
		};
		expect(of(5, 20)).toBe(20);
		expect(of(5000, 60_000)).toBe(5000);
	});
});
