import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { quietLog } from "@antiphon/protocol";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type DomainState, StateFile } from "./state-file.js";

let dir: string;
beforeEach(async () => {
	dir = await mkdtemp(join(tmpdir(), "antiphon-state-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const path = () => join(dir, "state.json");
const state: DomainState = {
	owners: { dictionary: "alice@example.org" },
	subscribers: { "": ["bob@example.org"], __proto: ["eve@example.org"] },
};

describe("the state of a domain in a file", () => {
	it("is nothing yet where there is no file, and comes back as it was stored", async () => {
		const file = new StateFile(path(), quietLog);
		expect(await file.load()).toEqual({ owners: {}, subscribers: {} });
		file.keep(() => state);
		file.changed();
		await file.flush();
		expect(await new StateFile(path(), quietLog).load()).toEqual(state);
	});

	it("is written once for many changes, as it is at the time, and not without one", async () => {
		const file = new StateFile(path(), quietLog);
		let asked = 0;
		let owners: Record<string, string> = {};
		file.keep(() => {
			asked++;
			return { owners, subscribers: {} };
		});
		await file.flush();
		expect(asked).toBe(0);
		for (let i = 0; i < 1_000; i++) {
			owners = { ...owners, [`s${i}`]: "alice@example.org" };
			file.changed();
		}
		await file.flush();
		await file.flush();
		expect(asked).toBe(1);
		expect(Object.keys((await file.load()).owners)).toHaveLength(1_000);
	});

	it("is written by itself soon after a change", async () => {
		const file = new StateFile(path(), quietLog);
		file.keep(() => state);
		file.changed();
		await expect.poll(() => readFile(path(), "utf8").catch(() => ""), { timeout: 10_000 }).toContain("dictionary");
		await file.flush();
	});

	it("is not lost to a crash in the middle of writing: what is half written stands beside it", async () => {
		const file = new StateFile(path(), quietLog);
		file.keep(() => state);
		file.changed();
		await file.flush();
		await writeFile(`${path()}.new`, '{"format":1,"owners":{"dic');
		const after = new StateFile(path(), quietLog);
		expect(await after.load()).toEqual(state);
		after.keep(() => ({ owners: {}, subscribers: {} }));
		after.changed();
		await after.flush();
		expect(await after.load()).toEqual({ owners: {}, subscribers: {} });
	});

	it("stays as it was when it cannot be written, and that is said", async () => {
		const lines: string[] = [];
		const log = { ...quietLog, error: (line: string) => void lines.push(line) };
		const file = new StateFile(join(dir, "missing", "state.json"), log);
		file.keep(() => state);
		file.changed();
		await file.flush();
		expect(lines).toEqual([expect.stringMatching(/could not be written.*ENOENT/)]);
	});

	it.each([
		["nothing", ""],
		["half of it", '{"format":1,"owners":{"a":"b"'],
		["null", "null"],
		["a list", "[]"],
		["another format", '{"format":2,"owners":{},"subscribers":{}}'],
		["owners that are none", '{"format":1,"owners":["a"],"subscribers":{}}'],
		["an owner that is no text", '{"format":1,"owners":{"a":1},"subscribers":{}}'],
		["subscribers that are no lists", '{"format":1,"owners":{},"subscribers":{"a":"b"}}'],
		["a subscriber that is no text", '{"format":1,"owners":{},"subscribers":{"a":[null]}}'],
	])("is refused, with what to do, when the file holds %s", async (_, text) => {
		await writeFile(path(), text);
		await expect(new StateFile(path(), quietLog).load()).rejects.toMatchObject({
			code: "invalid-argument",
			message: expect.stringMatching(/cannot be read.*Mend it, or take it away/),
		});
		expect(await readFile(path(), "utf8")).toBe(text);
	});
});
