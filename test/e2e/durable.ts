import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { lmdbStore } from "@antiphon/store";
import { createNode, type Node } from "antiphon";
import { afterEach, beforeAll, expect, it } from "vitest";
import {
	type Child,
	deeds,
	deedsIn,
	type ServerKind,
	startAntiphon,
	startDeedWorker,
	tempDir,
	type XmppServer,
} from "#kit";
import { describeWith } from "#kit/vitest";
import { account } from "./worlds.js";

const DOMAIN = "fn.localhost";
const START_LIMIT_MS = 60_000;
/** Outcomes are waited for longer than any lease lasts. */
const OUTCOME_LIMIT_MS = 60_000;
const CALLS = 20;
const OPTIONS = { users: { alice: "alice's password", bob: "bob's password" }, components: { [DOMAIN]: "secret" } };

/** Durable calls over one server, while every process on their way is killed. */
export function runDurable({ name, start, needs }: ServerKind): void {
	describeWith(needs, `durable calls over ${name}`, () => {
		let server: XmppServer;
		const ends: (() => Promise<unknown>)[] = [];
		beforeAll(async () => {
			server = await start(OPTIONS);
			return () => server.stop();
		}, START_LIMIT_MS);
		afterEach(async () => {
			for (const end of ends.splice(0).reverse()) await end();
		}, START_LIMIT_MS);

		/** Where everything of one test is kept. */
		const place = () => {
			const dir = tempDir("durable");
			ends.push(async () => dir.remove());
			const notes = join(dir.path, "notes");
			writeFileSync(notes, "");
			const config = join(dir.path, "domain.yaml");
			const url = `url: xmpp://127.0.0.1:${server.componentPort}`;
			const text = `${url}\ndomain: ${DOMAIN}\nsecret: secret\nstateFile: names.json\nstore: queue\nlimits: { settleMs: 1 }\n`;
			writeFileSync(config, text, { mode: 0o600 });
			return { notes, config, path: (folder: string) => join(dir.path, folder) };
		};
		type Place = ReturnType<typeof place>;
		const domain = async ({ config }: Place): Promise<Child> => {
			const child = startAntiphon(["domain", "--config", config]);
			ends.push(() => child.end());
			await child.waitUntil("the domain", () => child.stdout().includes("hosting"), START_LIMIT_MS);
			return child;
		};
		const worker = async ({ notes, path }: Place): Promise<Child> => {
			const instance = "one";
			const child = startDeedWorker({
				server,
				account: "bob",
				domain: DOMAIN,
				instance,
				notes,
				inbox: path("inbox"),
			});
			ends.push(() => child.end());
			await child.waitUntil("the worker", () => child.stdout().includes("serving"), START_LIMIT_MS);
			return child;
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
			const here = place();
			const first = await domain(here);
			await kill(await worker(here));
			const node = await caller();
			const ids = await send(node);
			await kill(first);
			await domain(here);
			await worker(here);
			expect(await outcomes(node, ids)).toEqual(all.map(() => "one"));
			expect(sorted((await deedsIn(here.notes)).map(({ n }) => n))).toEqual(all);
		}, 120_000);

		it("are run again only if they were running when their provider was killed, and each has one outcome", async () => {
			const here = place();
			await domain(here);
			const first = await worker(here);
			const node = await caller();
			const ids = await send(node, 300);
			await expect.poll(async () => (await deedsIn(here.notes)).length, { timeout: 30_000 }).toBeGreaterThan(5);
			await kill(first);
			const before = await deedsIn(here.notes);
			await worker(here);
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
			const here = place();
			const first = await domain(here);
			await kill(await worker(here));
			await kill(first);
			const node = await caller(here.path("outbox"));
			const ids = await send(node);
			await node.close();
			await domain(here);
			await worker(here);
			const again = await caller(here.path("outbox"));
			expect(await outcomes(again, ids)).toEqual(all.map(() => "one"));
			expect(sorted((await deedsIn(here.notes)).map(({ n }) => n))).toEqual(all);
		}, 120_000);
	});
}
