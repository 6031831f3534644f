import { type MemoryBus, memoryBus } from "@antiphon/link";
import {
	decodeFreed,
	decodeNames,
	decodePageEnd,
	encodeFree,
	encodeNamesRequest,
	type KeptName,
	type Log,
} from "@antiphon/protocol";
import { type Node, service, set } from "antiphon";
import { describe, expect, it } from "vitest";
import type { DomainOptions } from "../index.js";
import { failure, host, join, NAME } from "../testing/bus.js";

async function world(options: Partial<DomainOptions> = {}) {
	const bus = memoryBus();
	const lines: string[] = [];
	const write = (message: string) => void lines.push(message);
	const log: Log = { debug: write, info: write, warn: write, error: write };
	const access = { register: [{ allow: "*@example.org" }], admin: [{ allow: "boss@example.org" }] };
	const domain = await host(bus, { log, access, ...options });
	const boss = await join(bus, "boss@example.org/desk");
	return { bus, domain, boss, lines };
}

const serve = async (bus: MemoryBus, jid: string, name: string, instance = "one") =>
	(await join(bus, jid)).serve(service(name, "1.0.0", { run: set({}) }), { run: () => {} }, { domain: NAME, instance });

const page = async (node: Node, after?: string, wanted?: string) => {
	const answer = await node.query({ type: "get", to: NAME, payload: encodeNamesRequest(after, wanted) });
	const names = decodeNames(answer);
	return { names, end: answer && decodePageEnd(answer, names.length) };
};
const free = async (node: Node, name: string) =>
	decodeFreed(await node.query({ type: "set", to: NAME, payload: encodeFree(name) }));

describe("an administrator of a domain", () => {
	it("sees which names are kept for whom, when they were last used, and which are fixed or served", async () => {
		const { bus, boss } = await world({ owners: { bank: "worker@example.org", clock: "worker@example.org" } });
		await serve(bus, "alice@example.org/a", "lab");
		await serve(bus, "worker@example.org/a", "clock");
		await (await serve(bus, "bob@example.org/a", "dictionary")).drain();
		const { names, end } = await page(boss);
		expect(end?.isEnd).toBe(true);
		const unused = { isServed: false, isFixed: false };
		expect(names).toEqual([
			{ ...unused, service: "bank", owner: "worker@example.org", unusedMs: undefined, isFixed: true },
			{ service: "clock", owner: "worker@example.org", unusedMs: 0, isFixed: true, isServed: true },
			{ ...unused, service: "dictionary", owner: "bob@example.org", unusedMs: expect.any(Number) },
			{ ...unused, service: "lab", owner: "alice@example.org", unusedMs: 0, isServed: true },
		]);
		expect((await page(boss, undefined, "lab")).names).toEqual(names.slice(3));
		expect((await page(boss, undefined, "nothing")).names).toEqual([]);
	});

	it("sees all of many names, a page at a time, each once", async () => {
		const owners = Object.fromEntries(Array.from({ length: 600 }, (_, i) => [`name-${i}`, "worker@example.org"]));
		const { boss } = await world({ owners });
		const seen: KeptName[] = [];
		let pages = 0;
		for (let after: string | undefined, more = true; more; pages++) {
			const { names, end } = await page(boss, after);
			seen.push(...names);
			more = end?.isEnd === false;
			after = end?.last;
		}
		expect(seen.map((name) => name.service)).toEqual(Object.keys(owners).sort());
		expect(pages).toBe(3);
	});

	it("gives a name up, and the next to register has it", async () => {
		const { bus, boss, lines } = await world();
		await (await serve(bus, "alice@example.org/a", "lab")).drain();
		expect(await failure(serve(bus, "bob@example.org/a", "lab"))).toMatchObject({ code: "forbidden" });
		expect(await free(boss, "lab")).toEqual({ service: "lab", owner: "alice@example.org" });
		expect(lines).toContain("alice@example.org no longer owns lab: boss@example.org has given the name up");
		expect((await page(boss)).names).toEqual([]);
		await serve(bus, "bob@example.org/b", "lab");
		expect((await page(boss)).names).toMatchObject([{ service: "lab", owner: "bob@example.org" }]);
		expect(await failure(serve(bus, "alice@example.org/b", "lab"))).toMatchObject({ code: "forbidden" });
	});

	it("is told why a name cannot be given up, and what to do", async () => {
		const { bus, boss, domain } = await world({ owners: { bank: "worker@example.org" } });
		for (const i of [1, 2, 3, 4, 5]) await serve(bus, `alice@example.org/${i}`, "lab", `lab-${i}`);
		expect(await failure(free(boss, "nothing"))).toMatchObject({
			code: "not-found",
			message: `${NAME} keeps no name nothing: it is free`,
		});
		expect(await failure(free(boss, "bank"))).toMatchObject({
			code: "conflict",
			message: expect.stringContaining("take it out of `owners` in the config and start the host again"),
		});
		expect(await failure(free(boss, "lab"))).toMatchObject({
			code: "conflict",
			message: "lab is served now: drain its instances first (lab-1, lab-2, lab-3 and 2 more)",
		});
		expect((await page(boss)).names).toHaveLength(2);
		expect(domain.instances).toBe(5);
	});

	it("gives no name up before the host can have heard of its instances", async () => {
		const { bus, boss } = await world({ limits: { settleMs: 600_000 } });
		await (await serve(bus, "alice@example.org/a", "lab")).drain();
		expect(await failure(free(boss, "lab"))).toMatchObject({
			code: "unavailable",
			message: expect.stringMatching(/may not have registered again yet: try again in \d+ s$/),
		});
		expect((await page(boss)).names).toMatchObject([{ service: "lab" }]);
	});

	it("is nobody but those whom the policy names; others are refused, counted and logged", async () => {
		const { bus, domain, lines } = await world();
		await (await serve(bus, "alice@example.org/a", "lab")).drain();
		const alice = await join(bus, "alice@example.org/b");
		for (const asked of [page(alice), free(alice, "lab")]) {
			expect(await failure(asked)).toMatchObject({ code: "forbidden" });
		}
		expect(domain.denied).toBe(2);
		expect(lines.join()).toContain("refused: alice@example.org may not give names up");
	});
});
