import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { quietLog } from "@antiphon/protocol";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { type DomainState, StateFile } from "./state-file.js";

let dir: string;
beforeEach(async () => {
	dir = await mkdtemp(join(tmpdir(), "antiphon-state-"));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

const path = () => join(dir, "state.json");
const state: DomainState = {
	owners: { dictionary: "alice@example.org" },
	lastUsed: { dictionary: "2026-11-21" },
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

	it("has owners as a person writes them, in the spelling of JIDs", async () => {
		await writeFile(path(), '{"format":1,"owners":{"a":"Alice@Example.ORG"},"subscribers":{}}');
		expect((await new StateFile(path(), quietLog).load()).owners).toEqual({ a: "alice@example.org" });
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

	/** A file in a folder that is not there: it cannot be written until somebody makes the folder. */
	function unwritable() {
		const lines: string[] = [];
		const at = (level: string) => (line: string) => void lines.push(`${level} ${line}`);
		const folder = join(dir, "missing");
		const log = { ...quietLog, info: at("info"), error: at("error") };
		const file = new StateFile(join(folder, "state.json"), log);
		let attempts = 0;
		file.keep(() => {
			attempts++;
			return state;
		});
		return { file, lines, mend: () => mkdir(folder), attempts: () => attempts };
	}

	it("is written when it can be again, by itself, though nothing has changed since; and both are said once", async () => {
		vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
		onTestFinished(() => void vi.useRealTimers());
		const { file, lines, mend, attempts } = unwritable();
		file.changed();
		await file.flush();
		for (let tries = 1; tries <= 3; tries++) {
			file.changed();
			vi.advanceTimersByTime(9_900);
			expect(attempts()).toBe(tries);
			// While it waits, the clock goes on.
			await expect.poll(attempts, { timeout: 20_000, interval: 20 }).toBe(tries + 1);
		}
		expect(lines).toEqual([expect.stringMatching(/^error .*could not be written.*ENOENT.*again every 10 s/)]);
		await mend();
		vi.advanceTimersByTime(9_900);
		await expect.poll(() => lines.at(-1), { timeout: 20_000, interval: 20 }).toMatch(/^info .*is written again/);
		expect(await file.load()).toEqual(state);
		expect(vi.getTimerCount()).toBe(0);
	});

	it("is written at the orderly end though it could not be before, or says what is lost; and leaves no timer", async () => {
		vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
		onTestFinished(() => void vi.useRealTimers());
		for (const isMended of [true, false]) {
			const { file, lines, mend } = unwritable();
			file.changed();
			await file.flush();
			if (isMended) await mend();
			await file.close();
			if (isMended) expect(await file.load()).toEqual(state);
			else expect(lines.at(-1)).toMatch(/^error .*lost now/);
			file.changed();
			expect(vi.getTimerCount()).toBe(0);
			await rm(join(dir, "missing"), { recursive: true, force: true });
		}
	});

	it("is not written before it is known whose it is, and then with what has changed until then", async () => {
		await writeFile(path(), "another host's");
		const other = new StateFile(path(), quietLog);
		other.changed();
		await other.flush();
		await other.close();
		expect(await readFile(path(), "utf8")).toBe("another host's");
		const file = new StateFile(path(), quietLog);
		file.changed();
		file.keep(() => state);
		await file.close();
		expect(await file.load()).toEqual(state);
	});

	it("holds what changed while it was written", async () => {
		const file = new StateFile(path(), quietLog);
		let owners: Record<string, string> = { first: "alice@example.org" };
		file.keep(() => ({ owners, subscribers: {} }));
		file.changed();
		const writing = file.flush();
		await Promise.resolve();
		owners = { ...owners, second: "bob@example.org" };
		file.changed();
		await writing;
		await file.close();
		expect((await file.load()).owners).toEqual(owners);
	});

	it("is written within the time that is asked for, the shortest of several", async () => {
		vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
		onTestFinished(() => void vi.useRealTimers());
		const file = new StateFile(path(), quietLog);
		let written = 0;
		file.keep(() => {
			written++;
			return state;
		});
		file.changed(5_000);
		vi.advanceTimersByTime(4_000);
		file.changed(5_000);
		vi.advanceTimersByTime(1_000);
		await expect.poll(() => written).toBe(1);
		file.changed(5_000);
		file.changed();
		vi.advanceTimersByTime(200);
		await expect.poll(() => written).toBe(2);
		await file.close();
		expect(vi.getTimerCount()).toBe(0);
	});

	it.each([
		["nothing", ""],
		["half of it", '{"format":1,"owners":{"a":"b"'],
		["null", "null"],
		["a list", "[]"],
		["another format", '{"format":2,"owners":{},"subscribers":{}}'],
		["owners that are none", '{"format":1,"owners":["a"],"subscribers":{}}'],
		["an owner that is no text", '{"format":1,"owners":{"a":1},"subscribers":{}}'],
		["a day that is none", '{"format":1,"owners":{},"lastUsed":{"a":"2026-13-41"},"subscribers":{}}'],
		["days that are none", '{"format":1,"owners":{},"lastUsed":["a"],"subscribers":{}}'],
		["subscribers that are no lists", '{"format":1,"owners":{},"subscribers":{"a":"b"}}'],
		["a node that is no text", '{"format":1,"owners":{},"subscribers":{},"nodes":[1]}'],
		["nodes that are no list", '{"format":1,"owners":{},"subscribers":{},"nodes":"a"}'],
		["a subscriber that is no text", '{"format":1,"owners":{},"subscribers":{"a":[null]}}'],
		["nothing", "null"],
		["an owner that is no account", '{"format":1,"owners":{"a":"@"},"subscribers":{}}'],
		["an owner with a resource", '{"format":1,"owners":{"a":"alice@example.org/x"},"subscribers":{}}'],
	])("is refused, with what to do, when the file holds %s", async (_, text) => {
		await writeFile(path(), text);
		await expect(new StateFile(path(), quietLog).load()).rejects.toMatchObject({
			code: "invalid-argument",
			message: expect.stringMatching(/cannot be read: (?!Cannot).*Mend it, or take it away/),
		});
		expect(await readFile(path(), "utf8")).toBe(text);
	});
});
