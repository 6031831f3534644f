import { BusError, type Instance, Jid, type Resolution } from "@antiphon/protocol";
import { describe, expect, it, vi } from "vitest";
import { failureOf } from "../testing/bus.js";
import { ServiceView } from "./service-view.js";

const instance = (name: string): Instance => ({
	name,
	jid: Jid.parse(`worker@example.org/${name}`),
	version: "1.0.0",
	state: "available",
	running: 0,
	concurrency: 8,
	labels: {},
});
const told = (names: readonly string[], watchMs = 60_000): Resolution => ({
	service: "dictionary",
	known: true,
	watchMs,
	instances: names.map(instance),
});

/** A view of a domain that answers as the test says, by a clock that the test moves. */
function viewed() {
	const clock = { nowMs: 1_000_000 };
	let asked = 0;
	let answer: () => Promise<Resolution> = async () => told(["a"]);
	const view = new ServiceView({
		resolve: () => {
			asked++;
			return answer();
		},
		look: () => answer(),
		now: () => clock.nowMs,
		timeoutMs: 1_000,
	});
	return {
		view,
		asked: () => asked,
		answers: (how: () => Promise<Resolution>) => {
			answer = how;
		},
		names: () => view.pool.instances().map(({ name }) => name),
		passes: (ms: number) => {
			clock.nowMs += ms;
		},
	};
}
const refusing = (code: "unimplemented" | "unavailable" | "deadline-exceeded") => async () => {
	throw new BusError(code, code);
};
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("what is known of a service", () => {
	it("is asked for once by all who want to know at the same time, and they hear it together", async () => {
		const { view, asked, answers, passes } = viewed();
		await view.refresh();
		passes(10_000);
		let answered = (_: Resolution) => {};
		answers(
			() =>
				new Promise<Resolution>((resolve) => {
					answered = resolve;
				}),
		);
		const first = view.askOnce();
		const second = view.askOnce();
		expect([first === undefined, second === first, asked()]).toEqual([false, true, 2]);
		answered(told(["a", "b"]));
		await second;
		expect([view.askOnce(), view.pool.size]).toEqual([undefined, 2]);
	});

	it("is what the domain told last, also when its answer is read after a push that came with it", async () => {
		const { view, answers, names } = viewed();
		let answered = (_: Resolution) => {};
		const answer = new Promise<Resolution>((resolve) => {
			answered = resolve;
		});
		answers(() => answer);
		const ready = view.ready();
		answered({ ...told([]), known: false });
		view.push(told(["new"]));
		await ready;
		expect(names()).toEqual(["new"]);
		expect(view.isNameKnown).toBe(true);
		answers(async () => told([]));
		await view.refresh();
		expect(names()).toEqual([]);
	});

	it("is asked for once, however many want to know, and then not waited for", async () => {
		const { view, asked, names } = viewed();
		await Promise.all([view.ready(), view.ready(), view.ready()]);
		expect(asked()).toBe(1);
		expect(names()).toEqual(["a"]);
		expect(view.ready()).toBeUndefined();
		expect(asked()).toBe(1);
	});

	it("is asked for in the background after half of the time for which the domain tells of changes", async () => {
		const { view, asked, passes, answers, names } = viewed();
		await view.ready();
		passes(30_001);
		answers(async () => told(["a", "b"]));
		expect(view.ready()).toBeUndefined();
		expect(names()).toEqual(["a"]);
		await turn();
		expect(names()).toEqual(["a", "b"]);
		expect(asked()).toBe(2);
	});

	it("is asked for sooner when nobody will tell", async () => {
		const { view, asked, passes, answers } = viewed();
		answers(async () => told(["a"], 0));
		await view.ready();
		passes(2_501);
		expect(view.ready()).toBeUndefined();
		expect(asked()).toBe(2);
	});

	it("stays when the domain does not answer, until it is too old", async () => {
		const { view, passes, answers, names } = viewed();
		await view.ready();
		answers(refusing("unavailable"));
		passes(100_000);
		expect(view.ready()).toBeUndefined();
		await turn();
		expect(names()).toEqual(["a"]);
		passes(20_001);
		expect(await failureOf(view.ready() as Promise<void>)).toMatchObject({ code: "unavailable" });
	});

	it("stays when a server says of a domain that is away what it says of one that does not resolve", async () => {
		const { view, passes, answers, names } = viewed();
		await view.ready();
		answers(refusing("unimplemented"));
		passes(30_001);
		view.ready();
		await turn();
		expect(view.isDirect).toBe(false);
		expect(names()).toEqual(["a"]);
	});

	it("is nothing where the domain does not resolve: functions are called by their JIDs, for a minute", async () => {
		const { view, asked, passes, answers } = viewed();
		answers(refusing("unimplemented"));
		await view.ready();
		expect(view.isDirect).toBe(true);
		expect(view.ready()).toBeUndefined();
		passes(60_001);
		answers(async () => told(["a"]));
		await view.ready();
		expect(view.isDirect).toBe(false);
		expect(asked()).toBe(2);
	});

	it("fails for those who need it when nothing is known, and is asked for again by the next", async () => {
		const { view, asked, answers } = viewed();
		answers(refusing("deadline-exceeded"));
		expect(await failureOf(view.ready() as Promise<void>)).toMatchObject({ code: "deadline-exceeded" });
		answers(async () => told(["a"]));
		await view.ready();
		expect(asked()).toBe(2);
	});

	it("is asked for again by failed calls, once in a second", async () => {
		const { view, asked, passes } = viewed();
		await view.ready();
		for (let i = 0; i < 100; i++) view.askAgain();
		expect(asked()).toBe(1);
		passes(1_000);
		for (let i = 0; i < 100; i++) view.askAgain();
		await turn();
		for (let i = 0; i < 100; i++) view.askAgain();
		expect(asked()).toBe(2);
	});

	it("is doubted after the link was down: the next use asks, and goes on meanwhile", async () => {
		const { view, asked, passes } = viewed();
		await view.ready();
		passes(1_000);
		view.distrust();
		expect(view.ready()).toBeUndefined();
		expect(asked()).toBe(2);
	});

	it("tells of an instance that has gone, not of one that is still there", async () => {
		const { view } = viewed();
		await view.ready();
		let gone = 0;
		const unlisten = view.pool.hop({ instance: "a" })?.onGone(() => gone++);
		view.update(told(["b", "a"]));
		expect(gone).toBe(0);
		view.update(told(["b"]));
		expect(gone).toBe(1);
		unlisten?.();
		view.update(told([]));
		expect(gone).toBe(1);
	});

	it("tells nothing of an instance that is missing where only some of many were told", async () => {
		const { view } = viewed();
		await view.ready();
		let gone = 0;
		view.pool.hop({ instance: "a" })?.onGone(() => gone++);
		view.update({ ...told(["b"]), total: 200 });
		expect(gone).toBe(0);
		expect(view.isPartial).toBe(true);
		view.update({ ...told(["b"]), total: 1 });
		expect(gone).toBe(1);
		expect(view.isPartial).toBe(false);
	});
});

describe("what is known of a service whose domain has just started", () => {
	const settling = (names: readonly string[], settlingMs = 5_000): Resolution => ({ ...told(names), settlingMs });

	it("stays, and what it hears of is added; what it has told of since and no longer does has gone", async () => {
		const { view, names } = viewed();
		await view.ready();
		view.update(told(["a", "b"]));
		let gone = 0;
		view.pool.hop({ instance: "b" })?.onGone(() => gone++);
		view.update(settling([]));
		expect(names()).toEqual(["a", "b"]);
		view.update(settling(["b", "c"]));
		expect(names().sort()).toEqual(["a", "b", "c"]);
		expect(gone).toBe(0);
		view.update(settling(["c"]));
		expect(names().sort()).toEqual(["a", "c"]);
		expect(gone).toBe(1);
		view.update(told(["c"]));
		expect(names()).toEqual(["c"]);
	});

	it("stays as well when it starts once more, and when it says nothing after the time it needed", async () => {
		const { view, names, passes, answers, asked } = viewed();
		await view.ready();
		view.update(settling(["a"]));
		passes(1_000);
		view.update(settling([]));
		expect(names()).toEqual(["a"]);
		answers(refusing("deadline-exceeded"));
		passes(4_999);
		expect(view.ready()).toBeUndefined();
		expect(asked()).toBe(1);
		passes(1);
		expect(view.ready()).toBeUndefined();
		await turn();
		expect(asked()).toBe(2);
		expect(names()).toEqual(["a"]);
		answers(async () => told([]));
		passes(1_000);
		view.ready();
		await turn();
		expect(names()).toEqual([]);
	});

	it("is waited for: until it tells of a change, and at the latest until it has settled", async () => {
		vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
		try {
			const { view, names, passes, answers } = viewed();
			answers(async () => settling([]));
			await view.ready();
			let woken = 0;
			void view.whileSettling()?.then(() => woken++);
			await turn();
			expect(woken).toBe(0);
			view.update(settling(["a"], 4_900));
			await turn();
			expect([woken, names()]).toEqual([1, ["a"]]);
			void view.whileSettling()?.then(() => woken++);
			answers(async () => told(["a", "b"]));
			passes(4_900);
			vi.advanceTimersByTime(4_900);
			await turn();
			expect([woken, names()]).toEqual([2, ["a", "b"]]);
			expect(view.whileSettling()).toBeUndefined();
		} finally {
			vi.useRealTimers();
		}
	});

	it("is not waited for by a node that is closed", async () => {
		const { view } = viewed();
		view.update(settling([]));
		const waiting = view.whileSettling();
		view.close();
		await waiting;
		expect(view.whileSettling()).toBeUndefined();
	});
});
