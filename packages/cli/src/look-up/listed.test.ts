import { NS } from "@antiphon/protocol";
import { createNode, memoryBus, service, set, xml } from "antiphon";
import { handleGet, type NodeModule } from "antiphon/modules";
import { expect, it } from "vitest";
import { listFunctions } from "./listed.js";

const DOMAIN = "fn.example.org";

it("A service whose contract is too large to be sent is listed with what its address tells, and said to be so", async () => {
	const bus = memoryBus({ maxStanzaBytes: 16 * 1024 });
	await using owner = await createNode({ link: bus.link(DOMAIN) });
	await using caller = await createNode({ link: bus.link("caller@example.org/x") });
	const names = Array.from({ length: 100 }, (_, i) => `Fn-${String(i).padStart(3, "0")}`);
	const fn = (i: number) => set(i === 0 ? {} : { summary: "s".repeat(100) });
	const wordy = service("wordy", "1.0.0", Object.fromEntries(names.map((name, i) => [name, fn(i)])));
	await owner.serve(wordy, Object.fromEntries(names.map((name) => [name, () => {}])));
	await owner.serve(service("small", "2.0.0", { run: set({ summary: "Run" }) }), { run: () => {} });
	const { functions, unread, domains } = await listFunctions(caller, DOMAIN, () => ({ timeoutMs: 10_000 }));
	expect(functions).toHaveLength(101);
	const known = {
		address: `small.run@${DOMAIN}`,
		version: "2.0.0",
		kind: "set",
		delivery: "at-most-once",
		summary: "Run",
	};
	const unknown = { version: null, kind: null, delivery: null };
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
	const { functions, unread } = await listFunctions(caller, DOMAIN, () => ({ timeoutMs: 10_000 }));
	expect(functions).toEqual([]);
	const error = expect.objectContaining({ code: "protocol" });
	expect(unread).toEqual([{ jid: `work@${DOMAIN}`, error, isListed: false }]);
});
