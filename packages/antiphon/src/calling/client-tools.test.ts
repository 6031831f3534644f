import { BusError, type Instance, Jid, type Resolution } from "@antiphon/protocol";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { addressOf } from "../host/directory.js";
import { failureOf, turn } from "../testing/bus.js";
import { clientTools } from "./client-tools.js";
import { DomainRoute } from "./domain-route.js";
import { FixedRoute } from "./route.js";
import { ServiceView } from "./service-view.js";

const DOMAIN = "fn.example.org";
const LONG_MS = 60_000;

function instance(name: string, more: Partial<Instance> = {}): Instance {
	const jid = Jid.parse(`worker@example.org/${name}`);
	return { name, jid, version: "1.2.0", state: "available", running: 3, concurrency: 8, labels: {}, ...more };
}

/** The tools of a client, and a domain that answers as the test says. */
function tools({ version = "1.0.0", pinned }: { version?: string; pinned?: string } = {}) {
	let asked = 0;
	let answer: () => Instance[] = () => [];
	const told = (): Resolution => ({ service: "s", known: true, watchMs: LONG_MS, instances: answer() });
	const view = new ServiceView({
		resolve: async () => {
			asked++;
			return told();
		},
		look: async () => told(),
		now: () => 1_000_000,
		timeoutMs: 1_000,
	});
	const route = new DomainRoute({
		view,
		address: `s@${DOMAIN}`,
		version,
		instance: pinned,
		labels: undefined,
		addressOf: (fn) => addressOf(DOMAIN, "s", fn, pinned),
	});
	return {
		...clientTools(route),
		asked: () => asked,
		answers: (how: () => Instance[]) => {
			answer = how;
		},
		/** The domain tells of a change. */
		pushes: () => view.update(told()),
		/** The node is closed. */
		closes: () => view.close(),
	};
}

const failing = (code: "unavailable" | "unimplemented" | "forbidden") => (): Instance[] => {
	throw new BusError(code, "the domain is away");
};
/** Whether a promise has settled, without waiting for it. */
const settled = async (promise: Promise<unknown>) => {
	let isOver = false;
	const end = () => {
		isOver = true;
	};
	promise.then(end, end);
	await turn(3);
	return isOver;
};

describe("$instances", () => {
	it("asks the domain each time, and tells of those that serve this client, as plain data", async () => {
		const client = tools({ version: "1.1.0" });
		client.answers(() => [
			instance("old", { version: "1.0.9" }),
			instance("a", { labels: Object.assign(Object.create(null), { region: "eu" }) }),
			instance("b", { state: "draining" }),
		]);
		const well = { version: "1.2.0", state: "available", running: 3, concurrency: 8, labels: {} };
		expect(await client.$instances()).toStrictEqual([
			{ ...well, name: "a", jid: "worker@example.org/a", labels: { region: "eu" } },
			{ ...well, name: "b", jid: "worker@example.org/b", state: "draining" },
		]);
		client.answers(() => []);
		expect(await client.$instances()).toEqual([]);
		expect(client.asked()).toBe(2);
	});

	it("tells of the one instance that was named, and of no other", async () => {
		const client = tools({ pinned: "b" });
		client.answers(() => [instance("a"), instance("b")]);
		expect((await client.$instances()).map(({ name }) => name)).toEqual(["b"]);
	});

	it("tells what was known when the domain does not answer, and fails where nothing was", async () => {
		const client = tools();
		client.answers(failing("unavailable"));
		expect(await failureOf(client.$instances())).toMatchObject({ code: "unavailable" });
		client.answers(() => [instance("a")]);
		await client.$instances();
		client.answers(failing("unavailable"));
		expect(await client.$instances()).toHaveLength(1);
	});
});

describe("$waitFor", () => {
	beforeEach(
		() =>
			void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval", "performance"] }),
	);
	afterEach(() => {
		// Whatever it came to, nothing is left of it.
		expect(vi.getTimerCount()).toBe(0);
		vi.useRealTimers();
	});

	it("is over at once where there is an instance, or functions are called by their JIDs", async () => {
		const client = tools();
		client.answers(() => [instance("a")]);
		await client.$waitFor();
		const direct = tools();
		direct.answers(failing("unimplemented"));
		await direct.$waitFor();
	});

	it("waits for an instance that takes calls, of this version and name: the domain tells when there is one", async () => {
		const client = tools({ version: "1.1.0", pinned: "a" });
		const waiting = client.$waitFor({ timeoutMs: LONG_MS });
		for (const unfit of [{ state: "draining" }, { version: "1.0.0" }, { version: "2.0.0" }, { name: "b" }] as const) {
			client.answers(() => [instance("a", unfit)]);
			client.pushes();
			expect(await settled(waiting), JSON.stringify(unfit)).toBe(false);
		}
		expect(client.asked()).toBe(1);
		client.answers(() => [instance("a")]);
		client.pushes();
		await waiting;
	});

	it("asks once in a second, also a domain that is away: it may be what is waited for", async () => {
		const client = tools();
		client.answers(failing("unavailable"));
		const waiting = client.$waitFor({ timeoutMs: LONG_MS });
		await vi.advanceTimersByTimeAsync(5_500);
		expect(client.asked()).toBe(6);
		client.answers(() => [instance("a")]);
		await vi.advanceTimersByTimeAsync(499);
		expect(await settled(waiting)).toBe(false);
		await vi.advanceTimersByTimeAsync(1);
		await waiting;
		await vi.advanceTimersByTimeAsync(5_000);
		expect(client.asked()).toBe(7);
	});

	it("ends after its time, and says whom it has waited for", async () => {
		const failure = failureOf(tools().$waitFor({ timeoutMs: 2_500 }));
		await vi.advanceTimersByTimeAsync(2_499);
		expect(await settled(failure)).toBe(false);
		await vi.advanceTimersByTimeAsync(1);
		const message = `no instance of s@${DOMAIN} to call within 2500 ms: nobody serves s@${DOMAIN} at the moment`;
		expect(await failure).toMatchObject({ code: "deadline-exceeded", executed: "no", message });
		const byDefault = failureOf(tools().$waitFor());
		await vi.advanceTimersByTimeAsync(30_000);
		expect(await byDefault).toMatchObject({ message: expect.stringContaining("within 30000 ms") });
	});

	it("says what was missing, or why it could not be asked, and what no waiting mends at once", async () => {
		const reasonOf = async (client: ReturnType<typeof tools>) => {
			const failure = failureOf(client.$waitFor({ timeoutMs: 1_500 }));
			await vi.advanceTimersByTimeAsync(1_500);
			return String((await failure)["message"]).replace(/^.* ms: /, "");
		};
		const client = tools({ pinned: "b" });
		client.answers(() => [instance("a")]);
		expect(await reasonOf(client)).toBe(`s@${DOMAIN} has no instance b at the moment`);
		const newer = tools({ version: "1.3.0" });
		newer.answers(() => [instance("a")]);
		expect(await reasonOf(newer)).toMatch(/1\.3\.0 .* was asked for; 1\.2\.0 is served/);
		const away = tools();
		away.answers(failing("unavailable"));
		expect(await reasonOf(away)).toBe("the domain is away");
		away.answers(failing("forbidden"));
		expect(await failureOf(away.$waitFor())).toMatchObject({ code: "forbidden", executed: "no" });
	});

	it("ends when its signal aborts, and does not begin when it has", async () => {
		const client = tools();
		const abort = new AbortController();
		const failure = failureOf(client.$waitFor({ signal: abort.signal }));
		expect(await settled(failure)).toBe(false);
		abort.abort();
		expect(await failure).toMatchObject({ code: "cancelled", executed: "no" });
		expect(await failureOf(client.$waitFor({ signal: abort.signal }))).toMatchObject({ code: "cancelled" });
		expect(client.asked()).toBe(1);
		const timedOut = { signal: AbortSignal.abort(new DOMException("late", "TimeoutError")) };
		expect(await failureOf(client.$waitFor(timedOut))).toMatchObject({
			code: "deadline-exceeded",
			message: expect.stringContaining("the caller's signal timed out"),
		});
	});

	it("ends when the node is closed, and does not begin when it has been", async () => {
		const client = tools();
		const failure = failureOf(client.$waitFor());
		expect(await settled(failure)).toBe(false);
		client.closes();
		const closed = { code: "link-lost", executed: "no", message: "the node was closed" };
		expect(await failure).toMatchObject(closed);
		expect(await failureOf(client.$waitFor())).toMatchObject(closed);
		expect(client.asked()).toBe(1);
	});

	it("refuses what JavaScript may give it", async () => {
		const client = tools();
		const odd = [{ timeoutMs: 0 }, { timeoutMs: "5" }, { timeoutMs: Number.NaN }, { signal: "x" }, { signal: null }];
		for (const options of odd) {
			const failure = await failureOf(client.$waitFor(options as never));
			expect(failure, JSON.stringify(options)).toMatchObject({ code: "invalid-argument" });
			expect(failure).toBeInstanceOf(BusError);
		}
		expect(client.asked()).toBe(0);
		client.answers(() => [instance("a")]);
		await client.$waitFor(null as never);
	});
});

it("a client of one address has nothing to choose from", async () => {
	const { $instances, $waitFor } = clientTools(new FixedRoute(Jid.parse("worker@example.org/a")));
	for (const asked of [$instances(), $waitFor()]) {
		expect(await failureOf(asked)).toMatchObject({
			code: "unimplemented",
			message: expect.stringMatching(/\{ domain \}/),
		});
	}
});
