import { BusError, type BusErrorCode, type Executed, Jid } from "@antiphon/protocol";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { failureOf } from "../testing/bus.js";
import { attempt, type Errand } from "./attempts.js";
import type { Ending } from "./balancer.js";
import type { Hop } from "./route.js";

const DEADLINE_MS = 10_000;

interface Place {
	readonly name: string;
	readonly endings: Ending[];
	answer(text: string): void;
	fail(code: BusErrorCode, executed?: Executed): void;
	/** The domain says that it has gone. */
	gone(): void;
	/** What it says when it is asked whether it still has the call. */
	hasCall: boolean;
}

/** An errand over places that do as the test says. */
function errand(kind: "get" | "set", given: readonly string[], { hedges = 0 } = {}) {
	const names = [...given];
	const asked: Place[] = [];
	const questions: string[] = [];
	/** What is called when an instance comes. */
	const listening = new Set<() => void>();
	const comes = (name: string) => {
		names.push(name);
		for (const listener of [...listening]) listener();
	};
	/** What is called when an instance goes. */
	const watched = new Set<() => void>();
	const startedMs = performance.now();
	let budget = hedges;
	const hopTo = (name: string): Hop & { place: Place } => {
		const listeners = new Set<() => void>();
		const endings: Ending[] = [];
		const gone = () => {
			for (const listener of [...listeners]) listener();
		};
		return {
			to: Jid.parse(`worker@example.org/${name}`),
			key: name,
			isNamed: !name.startsWith("fixed"),
			begin: () => (ending) => void endings.push(ending),
			onGone: (listener) => {
				listeners.add(listener);
				watched.add(listener);
				return () => {
					listeners.delete(listener);
					watched.delete(listener);
				};
			},
			place: { name, endings, gone, answer: () => {}, fail: () => {}, hasCall: false },
		};
	};
	const next = (tried: ReadonlySet<string>) => {
		const name = names.find((each) => !tried.has(each));
		return name === undefined ? undefined : hopTo(name);
	};
	const made: Errand<string> = {
		route: {
			next: (_fn, tried) => next(tried),
			canHedge: () => names.length > 1,
			spendHedge: () => budget-- > 0,
			onChange: (listener) => {
				listening.add(listener);
				return () => void listening.delete(listener);
			},
		},
		fn: "f",
		kind,
		remainingMs: () => DEADLINE_MS - (performance.now() - startedMs),
		ask: (hop, giveUpOn) => {
			const { place } = hop as ReturnType<typeof hopTo>;
			asked.push(place);
			return new Promise((resolve, reject) => {
				const taken = giveUpOn(reject, `sent to ${place.name}`);
				place.answer = (text) => {
					taken();
					resolve(text);
				};
				place.fail = (code, executed) =>
					reject(new BusError(code, `${code} at ${place.name}`, executed === undefined ? {} : { executed }));
			});
		},
		isRunning: async (hop, id) => {
			questions.push(id);
			return (hop as ReturnType<typeof hopTo>).place.hasCall;
		},
	};
	const outcome = attempt(made, next(new Set()) as Hop);
	// Looked at later; until then nobody has to.
	outcome.catch(() => {});
	return { outcome, asked, questions, watched, listening, comes, names: () => asked.map(({ name }) => name) };
}

const settle = () => vi.advanceTimersByTimeAsync(0);
const at = (asked: readonly Place[], i: number) => asked[i] as Place;

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }));
afterEach(() => void vi.useRealTimers());

describe("a call over several instances", () => {
	it.each(["get", "set"] as const)("goes elsewhere with a %s that cannot have run", async (kind) => {
		for (const code of ["unavailable", "overloaded", "not-found"] as const) {
			const { outcome, asked, names } = errand(kind, ["a", "b"]);
			at(asked, 0).fail(code);
			await settle();
			expect(names()).toEqual(["a", "b"]);
			expect(at(asked, 0).endings).toEqual(["silent"]);
			at(asked, 1).answer("yes");
			await expect(outcome).resolves.toBe("yes");
			expect(at(asked, 1).endings).toEqual(["answered"]);
		}
	});

	it.each(["get", "set"] as const)("takes any other error of a %s, and a fault, for the outcome", async (kind) => {
		for (const [code, executed] of [
			["internal", "unknown"],
			["forbidden", "no"],
			["invalid-argument", "no"],
			["fault", "yes"],
			["deadline-exceeded", "unknown"],
			["conflict", "unknown"],
		] as const) {
			const { outcome, asked, names } = errand(kind, ["a", "b"]);
			at(asked, 0).fail(code, executed);
			expect(await failureOf(outcome)).toMatchObject({ code, executed });
			expect(names()).toEqual(["a"]);
		}
	});

	it("makes a get elsewhere when its instance was closed while it ran, and not a set", async () => {
		const read = errand("get", ["a", "b"]);
		at(read.asked, 0).fail("unavailable", "unknown");
		await settle();
		expect(read.names()).toEqual(["a", "b"]);
		at(read.asked, 1).fail("overloaded", "no");
		expect(await failureOf(read.outcome)).toMatchObject({ code: "unavailable", executed: "unknown" });
		const write = errand("set", ["a", "b"]);
		at(write.asked, 0).fail("unavailable", "unknown");
		expect(await failureOf(write.outcome)).toMatchObject({ code: "unavailable", executed: "unknown" });
		expect(write.names()).toEqual(["a"]);
	});

	it("never makes a set a second time that may have run, however long it waits and whoever goes", async () => {
		const { outcome, asked, names } = errand("set", ["a", "b"], { hedges: 10 });
		await vi.advanceTimersByTimeAsync(DEADLINE_MS - 1);
		expect(names()).toEqual(["a"]);
		at(asked, 0).fail("deadline-exceeded", "unknown");
		expect(await failureOf(outcome)).toMatchObject({ code: "deadline-exceeded", executed: "unknown" });
		const left = errand("set", ["a", "b"]);
		at(left.asked, 0).gone();
		left.comes("c");
		await vi.advanceTimersByTimeAsync(1_999);
		left.comes("d");
		await vi.advanceTimersByTimeAsync(DEADLINE_MS);
		expect(left.names()).toEqual(["a"]);
	});

	it.each(["get", "set"] as const)("waits two seconds more for a %s where it has gone, then says so", async (kind) => {
		const { outcome, asked, watched, listening } = errand(kind, ["a"]);
		at(asked, 0).gone();
		await vi.advanceTimersByTimeAsync(1_999);
		let isOver = false;
		outcome.catch(() => {
			isOver = true;
		});
		await settle();
		expect(isOver).toBe(false);
		await vi.advanceTimersByTimeAsync(1);
		expect(await failureOf(outcome)).toMatchObject({
			code: "unavailable",
			executed: "unknown",
			message: "worker@example.org/a has gone, and the call that was in flight there was not answered",
		});
		expect([watched.size, listening.size, vi.getTimerCount()]).toEqual([0, 0, 0]);
		const late = errand(kind, ["a"]);
		at(late.asked, 0).gone();
		await vi.advanceTimersByTimeAsync(1_999);
		at(late.asked, 0).answer("late");
		await expect(late.outcome).resolves.toBe("late");
		expect([late.watched.size, late.listening.size, vi.getTimerCount()]).toEqual([0, 0, 0]);
	});

	it("waits where it has gone for as long as it says there that it still has the call", async () => {
		const { outcome, asked, questions } = errand("set", ["a"]);
		at(asked, 0).hasCall = true;
		at(asked, 0).gone();
		await vi.advanceTimersByTimeAsync(2_000);
		expect(questions).toEqual(["sent to a"]);
		await vi.advanceTimersByTimeAsync(5_000);
		expect(questions).toHaveLength(2);
		at(asked, 0).answer("late");
		await expect(outcome).resolves.toBe("late");
		expect(vi.getTimerCount()).toBe(0);
		const lost = errand("set", ["a"]);
		at(lost.asked, 0).hasCall = true;
		at(lost.asked, 0).gone();
		await vi.advanceTimersByTimeAsync(2_000);
		at(lost.asked, 0).hasCall = false;
		await vi.advanceTimersByTimeAsync(5_000);
		expect(await failureOf(lost.outcome)).toMatchObject({ code: "unavailable", executed: "unknown" });
		expect(vi.getTimerCount()).toBe(0);
	});

	it("asks nothing of an instance that has gone once the call is over", async () => {
		const { outcome, asked, questions } = errand("set", ["a"]);
		at(asked, 0).hasCall = true;
		at(asked, 0).gone();
		await vi.advanceTimersByTimeAsync(1_999);
		const look = vi.advanceTimersByTimeAsync(1);
		at(asked, 0).answer("just now");
		await look;
		await expect(outcome).resolves.toBe("just now");
		await vi.advanceTimersByTimeAsync(DEADLINE_MS);
		expect(questions.length).toBeLessThan(2);
		expect(vi.getTimerCount()).toBe(0);
	});

	it("makes a set elsewhere that cannot have run where it has gone", async () => {
		const { outcome, asked, names } = errand("set", ["a", "b"]);
		at(asked, 0).gone();
		at(asked, 0).fail("unavailable", "no");
		await settle();
		expect(names()).toEqual(["a", "b"]);
		at(asked, 1).answer("yes");
		await expect(outcome).resolves.toBe("yes");
	});

	it("makes a get elsewhere as soon as another instance comes, once for each that has gone", async () => {
		const { outcome, asked, names, comes, listening } = errand("get", ["a"]);
		at(asked, 0).gone();
		await vi.advanceTimersByTimeAsync(1_500);
		expect(names()).toEqual(["a"]);
		comes("b");
		comes("c");
		await settle();
		expect(names()).toEqual(["a", "b"]);
		at(asked, 1).gone();
		await settle();
		expect(names()).toEqual(["a", "b", "c"]);
		await vi.advanceTimersByTimeAsync(DEADLINE_MS / 2);
		comes("d");
		await settle();
		expect(names()).toEqual(["a", "b", "c"]);
		at(asked, 2).answer("from c");
		await expect(outcome).resolves.toBe("from c");
		expect([listening.size, vi.getTimerCount()]).toEqual([0, 0]);
	});

	it("asks one instance once, however many were lost at once", async () => {
		const { asked, names, comes } = errand("get", ["a", "b"], { hedges: 1 });
		await vi.advanceTimersByTimeAsync(DEADLINE_MS / 2);
		at(asked, 0).gone();
		at(asked, 1).gone();
		comes("c");
		await settle();
		expect(names()).toEqual(["a", "b", "c"]);
		comes("d");
		await settle();
		expect(names()).toEqual(["a", "b", "c", "d"]);
	});

	it("makes a get elsewhere as well when its instance has gone, once; the first answer counts", async () => {
		const { outcome, asked, names } = errand("get", ["a", "b", "c", "d"]);
		at(asked, 0).gone();
		at(asked, 0).gone();
		await settle();
		expect(names()).toEqual(["a", "b"]);
		at(asked, 1).answer("from b");
		await expect(outcome).resolves.toBe("from b");
	});

	it("does not go elsewhere again when the domain tells of an instance that has failed already", async () => {
		const { asked, names, watched } = errand("get", ["a", "b", "c"]);
		at(asked, 0).fail("unavailable");
		await settle();
		at(asked, 0).gone();
		await settle();
		expect(names()).toEqual(["a", "b"]);
		expect(watched.size).toBe(1);
	});

	it("asks a second instance after half of the deadline, if there is budget, and then waits for both", async () => {
		const { outcome, asked, names } = errand("get", ["a", "b"], { hedges: 1 });
		await vi.advanceTimersByTimeAsync(DEADLINE_MS / 2 - 1);
		expect(names()).toEqual(["a"]);
		await vi.advanceTimersByTimeAsync(2);
		expect(names()).toEqual(["a", "b"]);
		at(asked, 1).fail("overloaded");
		await settle();
		at(asked, 0).answer("late");
		await expect(outcome).resolves.toBe("late");
		const poor = errand("get", ["a", "b"]);
		await vi.advanceTimersByTimeAsync(DEADLINE_MS - 1);
		expect(poor.names()).toEqual(["a"]);
	});

	it("tries four places and no more, and fails with what leaves most open", async () => {
		const names = Array.from({ length: 100 }, (_, i) => `${i}`);
		const many = errand("get", names);
		for (let i = 0; i < 4; i++) {
			at(many.asked, i).fail("overloaded");
			await settle();
		}
		expect(await failureOf(many.outcome)).toMatchObject({ code: "overloaded", executed: "no" });
		expect(many.names()).toHaveLength(4);
		const two = errand("get", ["a", "b"]);
		at(two.asked, 0).gone();
		await settle();
		at(two.asked, 1).fail("unavailable");
		await settle();
		at(two.asked, 0).fail("deadline-exceeded", "unknown");
		expect(await failureOf(two.outcome)).toMatchObject({ code: "deadline-exceeded", executed: "unknown" });
	});

	it("says that nobody serves a function where the domain had named an instance, and not that there is none", async () => {
		const named = errand("set", ["a"]);
		at(named.asked, 0).fail("not-found");
		expect(await failureOf(named.outcome)).toMatchObject({ code: "unavailable", executed: "no" });
		// What a handler says is not what a node says that has no such handler.
		const told = errand("set", ["a"]);
		at(told.asked, 0).fail("not-found", "yes");
		expect(await failureOf(told.outcome)).toMatchObject({ code: "not-found", executed: "yes" });
		const fixed = errand("set", ["fixed"]);
		at(fixed.asked, 0).fail("not-found");
		expect(await failureOf(fixed.outcome)).toMatchObject({ code: "not-found", executed: "no" });
	});

	it("goes nowhere after its deadline, and leaves nothing behind", async () => {
		const { outcome, asked, names, watched } = errand("get", ["a", "b"], { hedges: 1 });
		await vi.advanceTimersByTimeAsync(1);
		at(asked, 0).answer("yes");
		await expect(outcome).resolves.toBe("yes");
		expect(watched.size).toBe(0);
		expect(vi.getTimerCount()).toBe(0);
		const late = errand("get", ["a", "b"]);
		await vi.advanceTimersByTimeAsync(DEADLINE_MS + 1);
		at(late.asked, 0).fail("unavailable");
		expect(await failureOf(late.outcome)).toMatchObject({ code: "unavailable" });
		expect(late.names()).toEqual(["a"]);
		expect(names()).toEqual(["a"]);
	});
});
