import type { ShownCall } from "@antiphon/protocol";
import { expect, it } from "vitest";
import { shownJson } from "./calls.js";
import { storyLines } from "./story.js";

const call: ShownCall = {
	n: 184_467,
	sender: "caller@example.org",
	id: "q0wY",
	fn: "dictionary.learn",
	version: "1.0.0",
	delivery: "at-least-once",
	state: "settled",
	isDead: false,
	attempts: 2,
	acceptedMs: 720_000,
	expiresMs: undefined,
	dueMs: undefined,
	settledMs: 709_956,
	instance: undefined,
	code: undefined,
	fault: undefined,
	orderKey: undefined,
	maxAttempts: undefined,
	leases: [
		{ instance: "worker-7", jid: "worker@example.org/a", atMs: 3, tookMs: 10_000, how: "untaken", message: undefined },
		{ instance: "worker-2", jid: "worker@example.org/b", atMs: 10_003, tookMs: 41, how: "reply", message: undefined },
	],
	message: undefined,
	redriveOf: undefined,
	redriven: undefined,
};
const [first] = call.leases;
const lease = first as NonNullable<typeof first>;

it("A call reads as a story: accepted, leased, no ack, leased to another, done", () => {
	expect(storyLines(call)).toEqual([
		"call 184467: dictionary.learn 1.0.0, at-least-once",
		"of caller@example.org, id q0wY",
		"accepted 12 min ago",
		"+3 ms  leased to worker-7 (worker@example.org/a)",
		"+10 s  no ack for 10 s",
		"+10 s  leased to worker-2 (worker@example.org/b)",
		"+10 s  done in 41 ms",
	]);
});

it("Each end of a lease has its words", () => {
	const end = (how: string) => storyLines({ ...call, leases: [{ ...lease, how }] })[4]?.split("  ")[1];
	const failed = { ...lease, how: "internal", message: "no\nbook" };
	expect(storyLines({ ...call, leases: [failed] })[4]).toMatch(/failed with internal, after 10 s: no\\nbook$/);
	expect(["back", "over", "died", "cancelled", "internal"].map(end)).toEqual([
		"handed back by worker-7, without a run",
		"nothing heard of worker-7 in time: the lease is over, after 10 s",
		"the process of worker-7 has ended, after 10 s",
		"cancelled, after 10 s",
		"failed with internal, after 10 s",
	]);
});

it("What its last lease does not say is said of its outcome", () => {
	const last = (given: Partial<ShownCall>) => storyLines({ ...call, ...given }).at(-1);
	const dead = { isDead: true, code: "fault" as const, fault: "busy", message: "try later" };
	expect(last(dead)).toBe("+10 s  a dead letter after 2 attempts: fault busy: try later");
	expect(last({ leases: [{ ...lease, how: "over" }] })).toBe("+10 s  done, which was reported later");
	const cancelled = {
		leases: [],
		code: "cancelled" as const,
		attempts: 0,
		message: "an administrator has cancelled it",
	};
	expect(last(cancelled)).toBe("+10 s  settled, cancelled: an administrator has cancelled it");
});

it("A redriven call says what it has become, and of which it was made", () => {
	const given = { ...call, isDead: false, code: "internal" as const, leases: [] };
	const redriven = { n: 184_500, id: "q0wY-r1", agoMs: 600_000 };
	expect(storyLines({ ...given, redriven }).slice(-2)).toEqual([
		"+10 s   settled, internal",
		"+2 min  redriven: it is call 184500 now, id q0wY-r1",
	]);
	const redriveOf = { n: 184_467, origin: "q0wY" };
	expect(storyLines({ ...call, n: 184_500, id: "q0wY-r1", redriveOf }).slice(1, 4)).toEqual([
		"of caller@example.org, id q0wY-r1",
		"call 184467 redriven, known to its handler by the id q0wY",
		"accepted 12 min ago",
	]);
	expect(shownJson({ ...given, redriven })).toMatchObject({
		redriven: { call: 184_500, id: "q0wY-r1" },
		redriveOf: null,
	});
	expect(shownJson({ ...call, redriveOf })).toMatchObject({
		redriveOf: { call: 184_467, origin: "q0wY" },
		redriven: null,
	});
});

it("A call without an outcome says what it waits for, and until when", () => {
	const open = { ...call, settledMs: undefined, expiresMs: 3_600_000, attempts: 1, maxAttempts: 8 };
	const last = (given: Partial<ShownCall>) => storyLines({ ...open, ...given }).at(-1);
	expect(last({ state: "delayed", dueMs: 4_000 })).toBe(
		"now it is put off for 4.0 s, 1 of 8 attempts, and is given up in 60 min",
	);
	expect(last({ state: "waiting" })).toMatch(/^now it waits for an instance, 1 of 8/);
	expect(last({ state: "chained" })).toMatch(/^now it waits behind another of its order key/);
	const running = { ...lease, tookMs: undefined, how: undefined };
	expect(storyLines({ ...open, state: "leased", leases: [running] }).slice(-2)).toEqual([
		"+3 ms  leased to worker-7 (worker@example.org/a)",
		"now it is running, or may be, 1 of 8 attempts, and is given up in 60 min",
	]);
});

it("What others say stays on its line, and off the terminal", () => {
	const leases = Array.from({ length: 16 }, () => ({ ...lease, instance: "a\nb\u001b[2J" }));
	const lines = storyLines({ ...call, leases, fn: undefined, orderKey: "k" });
	expect(lines.slice(0, 4)).toEqual([
		"call 184467",
		"of caller@example.org, id q0wY, order key k",
		"accepted 12 min ago",
		"… what came before is not kept",
	]);
	expect(lines.join("")).not.toMatch(/[\n\u001b]/);
});
