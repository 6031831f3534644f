import { type MemoryBus, memoryBus } from "@antiphon/link";
import { type Log, quietLog } from "@antiphon/protocol";
import { type CallOptions, service, set } from "antiphon";
import { beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import type { AccessOptions, Domain } from "./index.js";
import { failure, host, join, NAME } from "./testing/bus.js";

const dictionary = service("dictionary", "1.0.0", { learn: set({}) });
const LIMIT_MS = 20_000;
/** A renewal every 200 ms. */
const limits = { leaseMs: 600, settleMs: 1 };

const everybody: AccessOptions = { register: [{ allow: "*@example.org" }], call: [{ allow: "*@example.org" }] };
const without = (who: string): AccessOptions => ({
	...everybody,
	call: [{ deny: who }, { allow: "*@example.org" }],
});

/** Something that is waited for. */
function gate() {
	let open = () => {};
	const opened = new Promise<void>((resolve) => {
		open = resolve;
	});
	return { open, opened };
}

describe("rules of access that are replaced", () => {
	let bus: MemoryBus;
	let domain: Domain;
	let warnings: string[];

	beforeEach(async () => {
		bus = memoryBus();
		warnings = [];
		const log: Log = { ...quietLog, warn: (line) => void warnings.push(line) };
		domain = await host(bus, { access: everybody, limits, log });
	});

	const serve = async (account: string, what = dictionary, learn: () => void | Promise<void> = () => {}) => {
		const node = await join(bus, `${account}@example.org/${what.name}`);
		return node.serve(what, { learn }, { domain: NAME, instance: account });
	};
	/** Calls straight at the instance, which the caller has resolved before. */
	const callerOf = async (account: string) => {
		const node = await join(bus, `${account}@example.org/x`);
		const direct = node.client(dictionary, { domain: NAME });
		await direct.learn();
		return { direct, through: node.client(dictionary, { to: `dictionary.learn@${NAME}` }) };
	};
	const codeOf = async (call: Promise<unknown>) =>
		call.then(
			() => "done",
			({ code }) => code,
		);

	it("hold at once at the domain and after a renewal at providers, which stay registered all the while", async () => {
		await serve("worker");
		const [eve, bob] = [await callerOf("eve"), await callerOf("bob")];
		domain.setAccess(without("eve@example.org"));
		expect(await failure(eve.through.learn())).toMatchObject({ code: "forbidden" });
		const outcomes = new Set<string>();
		const refused = async () => {
			outcomes.add(await codeOf(bob.direct.learn()));
			expect(domain.instances).toBe(1);
			return codeOf(eve.direct.learn());
		};
		await expect.poll(refused, { timeout: LIMIT_MS, interval: 5 }).toBe("forbidden");
		expect([...outcomes]).toEqual(["done"]);
		domain.setAccess(everybody);
		for (const each of [eve.through, eve.direct]) {
			await expect.poll(() => codeOf(each.learn()), { timeout: LIMIT_MS, interval: 5 }).toBe("done");
		}
	});

	it("take out who may no longer register, and nobody else; allowed again, it comes back by itself", async () => {
		await serve("worker");
		await serve("eve", service("other", "1.0.0", dictionary.functions));
		domain.setAccess({ ...everybody, register: [{ deny: "eve@example.org" }, { allow: "*@example.org" }] });
		expect(domain.instances).toBe(1);
		expect(warnings).toEqual([
			"instances that policy no longer lets their accounts register, and which are taken out: 1",
		]);
		const denied = domain.denied;
		await expect.poll(() => domain.denied, { timeout: LIMIT_MS }).toBeGreaterThan(denied);
		expect(domain.instances).toBe(1);
		domain.setAccess(everybody);
		await expect.poll(() => domain.instances, { timeout: LIMIT_MS }).toBe(2);
	});

	it.each(["direct", "through"] as const)(
		"leave a call (%s) time that runs at an instance which they take out",
		async (way) => {
			const [began, ended] = [gate(), gate()];
			let calls = 0;
			await serve("worker", dictionary, () => {
				if (++calls === 1) return;
				began.open();
				return ended.opened;
			});
			const bob = await callerOf("bob");
			vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
			onTestFinished(() => void vi.useRealTimers());
			const outcome = codeOf(bob[way].learn());
			await began.opened;
			domain.setAccess({ ...everybody, register: [{ allow: "nobody@example.org" }] });
			expect(domain.instances).toBe(0);
			// The domain tells of it in a while, or when it is asked.
			await bob.direct.$instances();
			// Longer than an instance that has gone may take to answer.
			for (let i = 0; i < 30; i++) {
				await vi.advanceTimersByTimeAsync(100);
				await new Promise((resolve) => setImmediate(resolve));
			}
			ended.open();
			await expect(outcome).resolves.toBe("done");
		},
	);

	it("that are wrong are refused, and those of before hold", async () => {
		await serve("worker");
		const { through } = await callerOf("bob");
		const wrong = { ...everybody, call: [{ deny: "*@example.org" }, { allow: "bob*@example.org" }] };
		expect(() => domain.setAccess(wrong)).toThrow(expect.objectContaining({ code: "invalid-argument" }));
		await through.learn();
	});

	it("do not let an instance that drains be taken for one that takes calls", async () => {
		const [began, ended] = [gate(), gate()];
		const served = await serve("worker", dictionary, () => {
			began.open();
			return ended.opened;
		});
		const node = await join(bus, "bob@example.org/x");
		const client = node.client(dictionary, { domain: NAME });
		const options: CallOptions = { timeoutMs: LIMIT_MS };
		const call = client.learn(undefined, options);
		await began.opened;
		const draining = served.drain();
		const states = async () => (await client.$instances()).map(({ state }) => state);
		await expect.poll(states, { timeout: LIMIT_MS }).toEqual(["draining"]);
		domain.setAccess(without("eve@example.org"));
		const renewed = performance.now() + limits.leaseMs;
		while (performance.now() < renewed) expect(await states()).toEqual(["draining"]);
		ended.open();
		await call;
		await draining;
		expect(domain.instances).toBe(0);
	});
});
