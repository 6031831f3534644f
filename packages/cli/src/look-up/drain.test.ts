import { createDomain, type Domain } from "@antiphon/domain";
import { createNode, type MemoryBus, memoryBus, type Node, service, set, xml } from "antiphon";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { statusOf } from "../commands/drain.js";
import { drain } from "./drain.js";

const DOMAIN = "fn.example.org";
const INSTANCE = "worker-7";
const LIMIT_MS = 20_000;
const slow = service("slow", "1.0.0", { run: set({}) });
const quick = service("quick", "1.0.0", { run: set({}) });

/** So much time, from now on. */
function within(ms: number) {
	const endMs = performance.now() + ms;
	return { remainingMs: () => Math.max(1, Math.ceil(endMs - performance.now())) };
}

const open: { close(): Promise<void> }[] = [];
const untilTheEnd = <T extends { close(): Promise<void> }>(opened: T): T => {
	open.push(opened);
	return opened;
};
afterEach(async () => {
	for (const each of open.splice(0).reverse()) await each.close();
});

describe("an instance that is drained", () => {
	let bus: MemoryBus;
	let domain: Domain;
	let boss: Node;
	let endCalls: () => void;
	/** A call has begun. */
	let began: Promise<void>;

	const join = async (jid: string) => untilTheEnd(await createNode({ link: bus.link(jid) }));
	const serve = async (node: Node, what: typeof slow, run: () => Promise<void>) =>
		node.serve(what, { run }, { domain: DOMAIN, instance: INSTANCE });

	beforeEach(async () => {
		bus = memoryBus();
		domain = untilTheEnd(
			await createDomain({ link: bus.link(DOMAIN), access: { admin: [{ allow: "boss@example.org" }] } }),
		);
		boss = await join("boss@example.org/desk");
		const worker = await join("worker@example.org/a");
		const ended = new Promise<void>((resolve) => {
			endCalls = resolve;
		});
		let begin = () => {};
		began = new Promise((resolve) => {
			begin = resolve;
		});
		await serve(worker, slow, () => {
			begin();
			return ended;
		});
		await serve(worker, quick, async () => {});
	});

	/** A call runs at the slow service. */
	const beginCall = async () => {
		const caller = await join("caller@example.org/x");
		const call = caller.client(slow, { domain: DOMAIN, instance: INSTANCE }).run();
		call.catch(() => {});
		await began;
		return { call };
	};
	const asked = { service: undefined, instance: INSTANCE };

	it("is waited for until its calls are done and it has left", async () => {
		const { call } = await beginCall();
		const draining = drain(boss, DOMAIN, asked, true, within(LIMIT_MS));
		// What has no calls to finish goes at once.
		await expect.poll(() => domain.instances, { timeout: LIMIT_MS }).toBe(1);
		let isOver = false;
		void draining.then(() => {
			isOver = true;
		});
		await boss.query({ type: "get", to: DOMAIN, payload: xml("ping", "urn:xmpp:ping") });
		expect(isOver).toBe(false);
		endCalls();
		await call;
		const left = { failure: undefined, left: true };
		const drained = await draining;
		expect(drained).toEqual([
			{ service: "quick", instance: INSTANCE, ...left },
			{ service: "slow", instance: INSTANCE, ...left },
		]);
		expect(statusOf(drained)).toBe(0);
		expect(domain.instances).toBe(0);
	});

	it("has a status of its own when it has not left in time, and says how many calls ran", async () => {
		await beginCall();
		let looks = 0;
		// It drains, it is looked whether it has left, and the time is over.
		const deadline = { remainingMs: () => (++looks < 4 ? LIMIT_MS : 1) };
		const drained = await drain(boss, DOMAIN, { ...asked, service: "slow" }, true, deadline);
		expect(drained).toEqual([
			{ service: "slow", instance: INSTANCE, failure: undefined, left: false, running: expect.any(Number) },
		]);
		expect(statusOf(drained)).toBe(10);
		endCalls();
	});

	it("has left when another node has taken its name", async () => {
		const first = await join("worker@example.org/first");
		await first.serve(quick, { run: async () => {} }, { domain: DOMAIN, instance: "twice" });
		const replace = async () => {
			await expect.poll(() => domain.instances, { timeout: LIMIT_MS, interval: 1 }).toBe(2);
			const second = await join("worker@example.org/second");
			await second.serve(quick, { run: async () => {} }, { domain: DOMAIN, instance: "twice" });
		};
		const replaced = replace();
		const drained = await drain(boss, DOMAIN, { service: undefined, instance: "twice" }, true, within(LIMIT_MS));
		expect(drained).toMatchObject([{ service: "quick", left: true }]);
		await replaced;
		expect(domain.instances).toBe(3);
	});

	it("is not waited for unless that is asked for", async () => {
		await beginCall();
		const drained = await drain(boss, DOMAIN, { ...asked, service: "slow" }, false, within(LIMIT_MS));
		expect(drained).toEqual([{ service: "slow", instance: INSTANCE, failure: undefined }]);
		expect(statusOf(drained)).toBe(0);
		expect(domain.instances).toBe(2);
		endCalls();
	});
});
