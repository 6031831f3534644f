import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join as joined } from "node:path";
import { memoryBus } from "@antiphon/link";
import { get, service } from "antiphon";
import { expect, it, onTestFinished } from "vitest";
import { failure, host, join, NAME } from "../testing/bus.js";

const probe = service("probe", "1.0.0", { ask: get({}) });
const handlers = { ask: () => {} };

it("The last use of a name is stored, and its owner, also one that the configuration fixes", async () => {
	const dir = await mkdtemp(joined(tmpdir(), "antiphon-register-"));
	onTestFinished(() => rm(dir, { recursive: true }));
	const stateFile = joined(dir, "state.json");
	const owners = { probe: "worker@example.org", other: "worker@example.org" };
	const lastUsed = { probe: "2020-01-01", other: "2020-01-01" };
	await writeFile(stateFile, JSON.stringify({ format: 1, owners, lastUsed, subscribers: {} }));
	const bus = memoryBus();
	const domain = await host(bus, { stateFile, owners: { bank: "teller@example.org" } });
	const worker = await join(bus, "worker@example.org/a");
	await worker.serve(probe, handlers, { domain: NAME });
	const bank = service("bank", "1.0.0", { ask: get({}) });
	expect(await failure(worker.serve(bank, handlers, { domain: NAME }))).toMatchObject({ code: "forbidden" });
	await domain.close();
	const stored = JSON.parse(await readFile(stateFile, "utf8")) as { owners: unknown; lastUsed: Record<string, string> };
	expect(stored.owners).toEqual({ ...owners, bank: "teller@example.org" });
	expect(stored.lastUsed["other"]).toBe("2020-01-01");
	expect(stored.lastUsed["probe"]).not.toBe("2020-01-01");
});
