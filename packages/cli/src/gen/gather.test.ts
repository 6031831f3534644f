import { createDomain } from "@antiphon/domain";
import { type BusError, createNode, get, memoryBus, type Node, service } from "antiphon";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { contractFile } from "./contract-file.js";
import { gather } from "./gather.js";
import { compile } from "./testing/compile.js";
import { load } from "./testing/load.js";

const DOMAIN = "fn.example.org";
const COMPILE_LIMIT_MS = 120_000;
const deadline = { remainingMs: () => 10_000 };

const text = { define: get({ output: z.object({ text: z.string() }) }) };
const older = service("dictionary", "1.4.0", text);
const newer = service("dictionary", "2.1.0", { define: get({ output: z.object({ texts: z.array(z.string()) }) }) });
const clock = service("clock", "1.0.0", { now: get({ output: z.number() }) });

const open: { close(): Promise<void> }[] = [];
const untilTheEnd = <T extends { close(): Promise<void> }>(opened: T): T => {
	open.push(opened);
	return opened;
};
afterEach(async () => {
	for (const each of open.splice(0).reverse()) await each.close();
});

async function serveAll(node: Node, domain?: string): Promise<void> {
	const at = (instance: string) => (domain === undefined ? {} : { domain, instance });
	await node.serve(newer, { define: () => ({ texts: [] }) }, at("two"));
	await node.serve(older, { define: () => ({ text: "" }) }, at("one"));
	await node.serve(clock, { now: () => 0 }, at("clock"));
}

describe.each([
	["of a domain host", "worker@example.org/a"],
	["of a node that owns its domain", DOMAIN],
])("the contracts %s", (_, provider) => {
	let caller: Node;

	beforeEach(async () => {
		const bus = memoryBus();
		const join = async (jid: string) => untilTheEnd(await createNode({ link: bus.link(jid) }));
		if (provider !== DOMAIN) untilTheEnd(await createDomain({ link: bus.link(DOMAIN) }));
		await serveAll(await join(provider), provider === DOMAIN ? undefined : DOMAIN);
		caller = await join("caller@example.org/x");
	});

	const gathered = async (services: readonly string[], majors: Record<string, number[]> = {}) => {
		const wanted = { domain: DOMAIN, services, majors: new Map(Object.entries(majors)) };
		const { contracts, notes } = await gather(caller, wanted, deadline);
		return { contracts, notes, names: contracts.map((each) => `${each.service} ${each.version}`) };
	};
	const failure = async (...args: Parameters<typeof gathered>) =>
		gathered(...args).then(
			() => undefined,
			(error: BusError) => error,
		);

	it("are the newest, with a note on what else is served and how to have it", async () => {
		const note = "dictionary 2.1.0 is written; there is also 1.4.0 (--major dictionary=1)";
		const all = await gathered([]);
		expect(all).toMatchObject({ names: ["clock 1.0.0", "dictionary 2.1.0"], notes: [note] });
		expect(await gathered(["dictionary", "dictionary"])).toMatchObject({ names: ["dictionary 2.1.0"], notes: [note] });
		expect(await gathered(["clock"])).toMatchObject({ names: ["clock 1.0.0"], notes: [] });
	});

	it(
		"are of the major versions that were asked for, one or several, and compile",
		async () => {
			const old = await gathered([], { dictionary: [1] });
			expect(old).toMatchObject({ names: ["clock 1.0.0", "dictionary 1.4.0"], notes: [] });
			const both = await gathered(["dictionary"], { dictionary: [1, 2] });
			expect(both).toMatchObject({ names: ["dictionary 1.4.0", "dictionary 2.1.0"], notes: [] });
			const file = contractFile(DOMAIN, both.contracts);
			expect(Object.keys(load(file))).toEqual(["dictionaryV1", "dictionaryV2"]);
			expect(Object.keys(load(contractFile(DOMAIN, old.contracts)))).toEqual(["clock", "dictionary"]);
			// What the other provider gives is the same.
			if (provider !== DOMAIN) expect(await compile({ "contracts.ts": file })).toBe("");
		},
		COMPILE_LIMIT_MS,
	);

	it("cannot be of a major version or a service that is not there", async () => {
		const none = await failure([], { dictionary: [3] });
		expect(none).toMatchObject({ code: "not-found" });
		expect(none?.message).toMatch(/no major version 3 there, but 2\.1\.0 and 1\.4\.0/);
		expect(await failure([], { nothing: [1] })).toMatchObject({
			message: `--major nothing=…: ${DOMAIN} does not serve it`,
		});
		expect(await failure(["nothing"])).toMatchObject({ code: "not-found" });
	});
});
