import { createNode, memoryBus, service, set } from "antiphon";
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
	expect(unread).toEqual([{ jid: `wordy@${DOMAIN}`, error: expect.objectContaining({ code: "too-large" }) }]);
	expect(domains).toEqual([]);
});
