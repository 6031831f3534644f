import { createDomain } from "@antiphon/domain";
import { NS } from "@antiphon/protocol";
import { createNode, memoryBus, type Node, service, set, xml } from "antiphon";
import { handleGet, type NodeModule } from "antiphon/modules";
import { expect, it, onTestFinished } from "vitest";
import { listFunctions } from "./listed.js";

const DOMAIN = "fn.example.org";
const limits = () => ({ timeoutMs: 10_000 });
const untilTheEnd = <T extends { close(): Promise<void> }>(opened: T): T => {
	onTestFinished(() => opened.close());
	return opened;
};

it("A service whose contract is too large to be sent is listed with what its address tells, and said to be so", async () => {
	const bus = memoryBus({ maxStanzaBytes: 16 * 1024 });
	await using owner = await createNode({ link: bus.link(DOMAIN) });
	await using caller = await createNode({ link: bus.link("caller@example.org/x") });
	const names = Array.from({ length: 100 }, (_, i) => `Fn-${String(i).padStart(3, "0")}`);
	const fn = (i: number) => set(i === 0 ? {} : { summary: "s".repeat(100) });
	const wordy = service("wordy", "1.0.0", Object.fromEntries(names.map((name, i) => [name, fn(i)])));
	await owner.serve(wordy, Object.fromEntries(names.map((name) => [name, () => {}])));
	await owner.serve(service("small", "2.0.0", { run: set({ summary: "Run" }) }), { run: () => {} });
	const { functions, unread, domains } = await listFunctions(caller, DOMAIN, limits);
	expect(functions).toHaveLength(101);
	const known = {
		address: `small.run@${DOMAIN}`,
		service: "small",
		version: "2.0.0",
		kind: "set",
		delivery: "at-most-once",
		summary: "Run",
		instances: 1,
		health: "available",
	};
	const unknown = { service: "wordy", version: null, kind: null, delivery: null, instances: null, health: null };
	expect(functions.slice(0, 3)).toEqual([
		known,
		{ ...unknown, address: `wordy.fn-000@${DOMAIN}`, summary: "" },
		{ ...unknown, address: `wordy.fn-001@${DOMAIN}`, summary: "s".repeat(100) },
	]);
	const error = expect.objectContaining({ code: "too-large" });
	expect(unread).toEqual([{ jid: `wordy@${DOMAIN}`, error, isListed: true }]);
	expect(domains).toEqual([]);
});

it("A service whose contract makes no sense is said to be so, and that it is not listed", async () => {
	const bus = memoryBus();
	const liar: NodeModule = (host) => {
		handleGet(host, { ns: NS.discoItems, name: "query" }, ({ to }) =>
			to.local === undefined
				? xml("query", NS.discoItems, {}, xml("item", NS.discoItems, { jid: `work@${DOMAIN}` }))
				: xml("query", NS.discoItems),
		);
		handleGet(host, { ns: NS.contract, name: "contract" }, () => xml("contract", NS.contract, { enc: "json" }, "{}"));
	};
	await using _host = await createNode({ link: bus.link(DOMAIN), modules: [liar] });
	await using caller = await createNode({ link: bus.link("caller@example.org/x") });
	const { functions, unread } = await listFunctions(caller, DOMAIN, limits);
	expect(functions).toEqual([]);
	const error = expect.objectContaining({ code: "protocol" });
	expect(unread).toEqual([{ jid: `work@${DOMAIN}`, error, isListed: false }]);
});

const older = service("work", "1.4.0", { run: set({}), rest: set({}) });
const newer = service("work", "2.0.1", { run: set({ summary: "Runs" }) });
const other = service("a-work", "0.1.0", { run: set({}) });

/** Each function in one line: `work.run 2.0.1: 3 available`. */
async function listed(node: Node): Promise<string[]> {
	const { functions, unread } = await listFunctions(node, DOMAIN, limits);
	expect(unread).toEqual([]);
	return functions.map(({ address, version, instances, health }) => {
		return `${address.replace(`@${DOMAIN}`, "")} ${version}: ${instances} ${health}`;
	});
}

it("Each major version that is served is listed, sorted, with its instances and how they are", async () => {
	const bus = memoryBus();
	const join = async (jid: string) => untilTheEnd(await createNode({ link: bus.link(jid) }));
	untilTheEnd(await createDomain({ link: bus.link(DOMAIN), limits: { leaseMs: 300_000 } }));
	const caller = await join("caller@example.org/x");
	const worker = await join("worker@example.org/a");
	await worker.serve(newer, { run: () => {} }, { domain: DOMAIN, instance: "new-1" });
	const second = await join("worker@example.org/b");
	await second.serve(newer, { run: () => {} }, { domain: DOMAIN, instance: "new-2" });
	await worker.serve(other, { run: () => {} }, { domain: DOMAIN, instance: "other" });
	let finish = () => {};
	const finished = new Promise<void>((resolve) => {
		finish = resolve;
	});
	onTestFinished(() => finish());
	let begin = () => {};
	const began = new Promise<void>((resolve) => {
		begin = resolve;
	});
	const run = async () => {
		begin();
		await finished;
	};
	const old = await worker.serve(older, { run, rest: () => {} }, { domain: DOMAIN, instance: "old" });
	const rest = ["a-work.run 0.1.0: 1 available", "work.run 2.0.1: 2 available"];
	expect(await listed(caller)).toEqual([
		rest[0],
		"work.rest 1.4.0: 1 available",
		rest[1],
		"work.run 1.4.0: 1 available",
	]);
	const call = caller.client(older, { domain: DOMAIN, instance: "old" }).run();
	await began;
	const drained = old.drain();
	const draining = [rest[0], "work.rest 1.4.0: 1 draining", rest[1], "work.run 1.4.0: 1 draining"];
	await expect.poll(() => listed(caller)).toEqual(draining);
	finish();
	await Promise.all([call, drained]);
	expect(await listed(caller)).toEqual(rest);
});

it("Of more instances than one answer names, those of each major version are counted", async () => {
	const bus = memoryBus();
	untilTheEnd(await createDomain({ link: bus.link(DOMAIN), limits: { leaseMs: 300_000 } }));
	const caller = untilTheEnd(await createNode({ link: bus.link("caller@example.org/x") }));
	for (let i = 0; i < 150; i++) {
		const node = untilTheEnd(await createNode({ link: bus.link(`worker@example.org/${i}`) }));
		if (i < 130) await node.serve(newer, { run: () => {} }, { domain: DOMAIN });
		else await node.serve(older, { run: () => {}, rest: () => {} }, { domain: DOMAIN });
	}
	expect(await listed(caller)).toEqual([
		"work.rest 1.4.0: 20 available",
		"work.run 2.0.1: 130 available",
		"work.run 1.4.0: 20 available",
	]);
});

it("Who provides is left open where that is not told, or makes no sense", async () => {
	const bus = memoryBus();
	const mute: NodeModule = (host) => {
		handleGet(host, { ns: NS.resolve, name: "resolve" }, () => xml("instances", NS.resolve, { watch: "x" }));
	};
	const host = untilTheEnd(await createNode({ link: bus.link(DOMAIN), modules: [mute] }));
	const caller = untilTheEnd(await createNode({ link: bus.link("caller@example.org/x") }));
	await host.serve(newer, { run: () => {} });
	await host.serve(older, { run: () => {}, rest: () => {} });
	expect(await listed(caller)).toEqual([
		"work.rest 1.4.0: null null",
		"work.run 2.0.1: null null",
		"work.run 1.4.0: null null",
	]);
});
