import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { lmdbStore } from "@antiphon/store";
import { createNode, type Node } from "antiphon";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import {
	type Child,
	DEED_CONCURRENCY,
	deedHandlers,
	deeds,
	deedsIn,
	startAntiphon,
	startDeedWorker,
	tempDir,
	type XmppServer,
} from "#kit";
import { account } from "./worlds.js";

const DOMAIN = "fn.localhost";
const START_LIMIT_MS = 60_000;
/** Outcomes are waited for longer than any lease lasts. */
const OUTCOME_LIMIT_MS = 60_000;
const CALLS = 20;

/** Durable calls over a server, while every process on their way is killed. */
export function testDurableCalls(running: () => XmppServer): void {
	describe("durable calls", () => {
		let server: XmppServer;
		const dir = tempDir("durable");
		const config = join(dir.path, "domain.yaml");
		/** One at a time; who does not kill it leaves it to the next test. */
		let hosting: Child | undefined;
		const ends: (() => Promise<unknown>)[] = [];
		beforeAll(() => {
			server = running();
			const url = `url: xmpp://127.0.0.1:${server.componentPort}`;
			const text = `${url}\ndomain: ${DOMAIN}\nsecret: secret\nstateFile: names.json\nstore: queue\nlimits: { settleMs: 1 }\n`;
			writeFileSync(config, text, { mode: 0o600 });
		});
		afterEach(async () => {
			for (const end of ends.splice(0).reverse()) await end();
		}, START_LIMIT_MS);
		afterAll(async () => {
			await hosting?.end();
			dir.remove();
		}, START_LIMIT_MS);

		/** Where one test keeps its own. */
		const place = (test: string) => {
			const folder = join(dir.path, test);
			mkdirSync(folder);
			const notes = join(folder, "notes");
			writeFileSync(notes, "");
			return { notes, inbox: join(folder, "inbox"), outbox: join(folder, "outbox") };
		};
		type Place = ReturnType<typeof place>;
		const domain = async (): Promise<void> => {
			if (hosting?.exit() === undefined && hosting !== undefined) return;
			hosting = startAntiphon(["domain", "--config", config]);
			await hosting.waitUntil("the domain", () => hosting?.stdout().includes("hosting") === true, START_LIMIT_MS);
		};
		const killDomain = async (): Promise<void> => {
			if (hosting !== undefined) await kill(hosting);
		};
		const instance = "one";
		/** A provider that is to be killed. */
		const worker = async ({ notes, inbox }: Place): Promise<Child> => {
			const child = startDeedWorker({ server, account: "bob", domain: DOMAIN, instance, notes, inbox });
			ends.push(() => child.end());
			await child.waitUntil("the worker", () => child.stdout().includes("serving"), START_LIMIT_MS);
			return child;
		};
		/** A provider that is not. */
		const serve = async ({ notes, inbox }: Place): Promise<Node> => {
			const node = await createNode({ link: account(server, "bob"), inbox: lmdbStore(inbox) });
			ends.push(() => node.close());
			const options = { domain: DOMAIN, instance, concurrency: DEED_CONCURRENCY };
			await node.serve(deeds, deedHandlers(instance, notes), options);
			return node;
		};
		const caller = async (outbox?: string): Promise<Node> => {
			const link = account(server, "alice");
			const node = await createNode(outbox === undefined ? { link } : { link, outbox: lmdbStore(outbox) });
			ends.push(() => node.close());
			return node;
		};
		const kill = async (child: Child) => {
			child.signal("SIGKILL");
			await child.exited;
		};
		const send = (node: Node, afterMs = 0) => {
			const { act } = node.client(deeds, { domain: DOMAIN });
			return Promise.all(Array.from({ length: CALLS }, (_, n) => act.send({ n, afterMs })));
		};
		const outcomes = (node: Node, ids: readonly string[]) =>
			Promise.all(ids.map((id) => node.outcome(id, { timeoutMs: OUTCOME_LIMIT_MS })));
		const all = Array.from({ length: CALLS }, (_, n) => n);
		const sorted = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b);

		it("are kept while nobody serves them and the domain is killed, and run once when somebody does", async () => {
			const here = place("nobody");
			await domain();
			await kill(await worker(here));
			const node = await caller();
			const ids = await send(node);
			await killDomain();
			await domain();
			await serve(here);
			expect(await outcomes(node, ids)).toEqual(all.map(() => "one"));
			expect(sorted((await deedsIn(here.notes)).map(({ n }) => n))).toEqual(all);
		}, 120_000);

		it("are run again only if they were running when their provider was killed, and each has one outcome", async () => {
			const here = place("killed");
			await domain();
			const first = await worker(here);
			const node = await caller();
			const ids = await send(node, 300);
			await expect.poll(async () => (await deedsIn(here.notes)).length, { timeout: 30_000 }).toBeGreaterThan(5);
			await kill(first);
			const before = await deedsIn(here.notes);
			await serve(here);
			expect(await outcomes(node, ids)).toEqual(all.map(() => "one"));
			const runs = await deedsIn(here.notes);
			expect(sorted([...new Set(runs.map(({ n }) => n))])).toEqual(all);
			// It ran four at a time: no more of them can have been under way.
			const again = runs.slice(before.length).filter(({ n }) => before.some((each) => each.n === n));
			expect(again.length).toBeLessThanOrEqual(4);
			expect(runs).toHaveLength(CALLS + again.length);
			expect(again.every(({ attempt }) => attempt === 2)).toBe(true);
		}, 120_000);

		it("wait in the outbox of a caller that is killed before the domain is there, and go on from there", async () => {
			const here = place("away");
			await domain();
			await (await serve(here)).close();
			await killDomain();
			const node = await caller(here.outbox);
			const ids = await send(node);
			await node.close();
			await domain();
			await serve(here);
			const again = await caller(here.outbox);
			expect(await outcomes(again, ids)).toEqual(all.map(() => "one"));
			expect(sorted((await deedsIn(here.notes)).map(({ n }) => n))).toEqual(all);
		}, 120_000);
	});
}
