import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { decodeRecord } from "@antiphon/delivery";
import { MemoryDisk, MemoryJournal } from "@antiphon/delivery/testing";
import { BEGIN_MS, Stage } from "./stage.mjs";
import { STORIES } from "./stories.mjs";

export { STORIES } from "./stories.mjs";

export const FOLDER = fileURLToPath(new URL(".", import.meta.url));
/** How long it takes until a journal is opened again, by the wall clock. */
const AWAY_MS = 3_600_000;

/** The numbers of the sets of journals that are kept: a new one for each version of any record. */
export function setsKept() {
	const names = readdirSync(FOLDER, { withFileTypes: true }).filter((each) => each.isDirectory());
	return names.map(({ name }) => Number(name)).sort((a, b) => a - b);
}

/**
 * @returns the file of a journal: `records` by key, both in hexadecimal digits; `after`: what came of the story that was played
 * on it then, `left`: what kinds of records there were in the end, `read`: what was read besides
 */
export const kept = (set, name) => JSON.parse(readFileSync(`${FOLDER}${set}/${name}.json`, "utf8"));

/** What the code of today makes of a story. */
export async function made(name) {
	const { core, before } = STORIES[name];
	const disk = new MemoryDisk();
	const stage = new Stage(core("first"), inMemory(disk));
	await stage.play(before);
	if (stage.ended !== undefined) throw stage.ended;
	const keys = disk.keys("\0", "\x7f", Number.POSITIVE_INFINITY);
	const records = Object.fromEntries(keys.map((key) => [hexOf(key), Buffer.from(disk.get(key)).toString("hex")]));
	return { records, ...(await playedOn(name, inMemory(disk))) };
}

/** Plays what comes after on a journal that is there, all of it if nothing is said. @throws StoreError */
export async function playedOn(name, journal, maxWrites) {
	const { core, after, reads = () => null } = STORIES[name];
	const read = reads(journal.view);
	const stage = new Stage(core("second"), journal, BEGIN_MS + AWAY_MS);
	const told = await stage.play(after, maxWrites);
	const left = stage.kinds();
	await stage.stop();
	if (stage.ended !== undefined) throw stage.ended;
	return { read, after: told, left };
}

/**
 * The records of two sets that have different forms and the same version. The form of a record is what is in it but for texts
 * and numbers; its version stands in it twice, for how a journal wraps it and for what is inside.
 */
export function changedForms(before, after) {
	return Object.entries(before.records).filter(([key, record]) => {
		const now = after.records[key];
		return now !== undefined && versionsOf(record) === versionsOf(now) && formOf(record) !== formOf(now);
	});
}

const HEAD_BYTES = 5;
const versionsOf = (record) => record.slice(2 * (HEAD_BYTES - 1), 2 * (HEAD_BYTES + 1));

function formOf(record) {
	const text = Buffer.from(record.slice(2 * (HEAD_BYTES + 1)), "hex").toString();
	if (text === "") return text;
	return JSON.stringify(JSON.parse(text), (_, value) => (typeof value === "object" ? value : typeof value));
}

/** The records of a file as they are stored. */
export function diskOf({ records }) {
	const disk = new MemoryDisk();
	disk.store(new Map(Object.entries(records).map(([key, record]) => [keyOf(key), Buffer.from(record, "hex")])));
	return disk;
}

export const inMemory = (disk) => new MemoryJournal({ name: "kept", disk, maxBytes: 2 ** 30, defer: queueMicrotask });

/** What is in the records of a file, to be written to any journal. */
export function bodiesOf({ records }) {
	return Object.entries(records).map(([hex, record]) => {
		const key = keyOf(hex);
		return [key, decodeRecord(key, Buffer.from(record, "hex"), "a file that is kept")];
	});
}

const keyOf = (hex) => Buffer.from(hex, "hex").toString("latin1");
const hexOf = (key) => Buffer.from(key, "latin1").toString("hex");
