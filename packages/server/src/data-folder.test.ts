import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { DataFolder } from "./data-folder.js";
import { OfflineMessages } from "./peers/offline-messages.js";
import { Roster } from "./peers/roster.js";
import { eventually, recordingLog } from "./testing/start.js";

let folder: string;
beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), "antiphon-data-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** An account of which each writing is counted, because what is written is asked for anew. */
function account(data: DataFolder, local: string) {
	const roster = new Roster({ maxItems: 1000, maxBytes: 1_000_000, maxRequests: 1 }, [], () => {});
	const offline = new OfflineMessages({ maxMessages: 1, maxBytes: 1 }, [], () => {});
	const counted = { writings: 0, onWriting: () => {}, add, written };
	const live = () => {
		counted.writings++;
		// What is written is put together before this runs, and the file opened after.
		queueMicrotask(() => counted.onWriting());
		return { roster, offline };
	};
	function add(name: string) {
		roster.set({ ...roster.get(`${name}@x`), listed: true });
		data.changed(local, live);
	}
	function written(): number {
		return JSON.parse(readFileSync(join(folder, `${local}.json`), "utf8")).roster.length;
	}
	return counted;
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

it("Changes of many turns are gathered, and each account that changed is written once", async () => {
	const data = new DataFolder(folder, recordingLog(), 60_000);
	const [a, b] = [account(data, "a"), account(data, "b")];
	for (let i = 0; i < 200; i++) {
		a.add(`contact${i}`);
		if (i < 3) b.add(`contact${i}`);
		await turn();
	}
	expect([a.writings, b.writings]).toEqual([0, 0]);
	await data.flush();
	expect([a.writings, b.writings]).toEqual([1, 1]);
	expect([a.written(), b.written()]).toEqual([200, 3]);
});

it("What changes while a file is written is written once more, and flush waits for that", async () => {
	const data = new DataFolder(folder, recordingLog(), 60_000);
	const a = account(data, "a");
	a.onWriting = () => {
		if (a.writings > 1) return;
		for (let i = 0; i < 50; i++) a.add(`later${i}`);
	};
	a.add("first");
	await data.flush();
	expect(a.writings).toBe(2);
	expect(a.written()).toBe(51);
});

it("Changes are written without a flush too", async () => {
	const data = new DataFolder(folder, recordingLog(), 20);
	const a = account(data, "a");
	a.add("first");
	await eventually(() => a.writings === 1, "they are written");
	a.add("second");
	await eventually(() => a.writings === 2, "they are written again");
	await data.flush();
	expect(a.writings).toBe(2);
	expect(a.written()).toBe(2);
});
