import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { inspectQueue, type Journal, type OutcomeText, StoreError, type Write } from "@antiphon/delivery";
import { encodeRecord, MemoryDisk } from "@antiphon/delivery/testing";
import { lmdbStore } from "@antiphon/store";
import { describe, expect, it, onTestFinished } from "vitest";
import type { LeasedCall } from "../../packages/delivery/src/inbox/inbox-record.js";
import type { CallHead, SettledAs } from "../../packages/delivery/src/outbox/outbox-record.js";
import type {
	Amount,
	Attempt,
	Head,
	Holder,
	LaneRecord,
	Meta,
	ShareRecord,
} from "../../packages/delivery/src/queue/queue-record.js";
import {
	bodiesOf,
	changedForms,
	diskOf,
	FOLDER,
	inMemory,
	type KeptJournal,
	kept,
	made,
	playedOn,
	STORIES,
	setsKept,
} from "./journals/make.mjs";

const SETS = setsKept();
const NEWEST = SETS.at(-1) as number;
const NAMES = Object.keys(STORIES);
const JOURNALS = SETS.flatMap((set) => NAMES.map((name) => ({ set, name }))).filter(({ set, name }) =>
	existsSync(`${FOLDER}${set}/${name}.json`),
);

/** What may be in records. Who adds to it raises their version, and tells a story in which it is written. */
const MEMBERS = {
	queue: {
		c: membersOf<Head>()(
			...(["sender", "id", "fn", "version", "digest", "delivery", "order", "retry", "accepted", "notBefore"] as const),
			...([
				"expires",
				"text",
				"textBytes",
				"outcomeBytes",
				"state",
				"due",
				"token",
				"isTokenGood",
				"recorded",
				"counted",
				"silent",
			] as const),
			...(["holder", "history", "settledAt", "keptUntil", "promisedUntil", "isDead"] as const),
			...(["origin", "redriveOf", "redriven", "again"] as const),
		),
		"c holder": membersOf<Holder>()("service", "instance", "node", "session", "number", "inbox"),
		"c again": membersOf<NonNullable<Head["again"]>>()("n", "id", "at"),
		"c history": membersOf<Attempt>()("instance", "node", "at", "ended", "how", "message"),
		o: membersOf<OutcomeText>()("text", "code", "name", "executed"),
		l: membersOf<LaneRecord>()("fn", "version", "sender", "open"),
		u: membersOf<ShareRecord>()("of", "calls", "open", "bytes"),
		m: membersOf<Meta>()("next", "open", "settled", "leased", "dead", "counted"),
		"m counted": membersOf<Amount>()("calls", "open", "bytes"),
	},
	outbox: {
		h: membersOf<CallHead>()(
			...(["to", "id", "fn", "version", "digest", "delivery", "orderKey", "retry", "notBefore"] as const),
			...(["expires", "size", "state", "isCancelled", "settledAt", "outcomeSize"] as const),
		),
		o: membersOf<SettledAs>()("attempts", "outcome"),
		"o outcome": membersOf<OutcomeText>()("text", "code", "name", "executed"),
	},
	inbox: {
		h: membersOf<LeasedCall>()(
			...(["domain", "service", "instance", "sender", "id", "n", "token", "state", "session", "run"] as const),
			...(["at", "outcomeSize", "retryAfterMs"] as const),
		),
		o: membersOf<OutcomeText>()("text", "code", "name", "executed"),
	},
};

/** The names of all members of a record: one that is left out is an error of types. */
function membersOf<T>() {
	return <const Names extends readonly (keyof T)[]>(
		...names: Exclude<keyof T, Names[number]> extends never ? Names : never
	) => new Set<unknown>(names);
}

/** Which members there are in the records of a kind, or in what stands in one of their members. */
function membersIn(name: string, what: string): Set<string> {
	const [kind = "", inside] = what.split(" ");
	const values = bodiesOf(kept(NEWEST, name)).flatMap(([key, body]) =>
		key.startsWith(kind) ? [JSON.parse(Buffer.from(body as Uint8Array).toString("utf8", 1)) as object] : [],
	);
	const found = inside === undefined ? values : values.flatMap((value) => Reflect.get(value, inside) ?? []);
	return new Set(found.flatMap((value) => Object.keys(value as object)));
}

function place(): string {
	const folder = mkdtempSync(join(tmpdir(), "journals-"));
	onTestFinished(() => rmSync(folder, { recursive: true }));
	return folder;
}
const close = (journal: Journal) => new Promise<void>((resolve) => journal.close(resolve));

/** What was said then, of which a later version may say more. */
const asThen = ({ read, after, left }: KeptJournal) => ({ read, after, left });

/** On disk, until something has been stored: that all that follows is the same is seen in memory. */
async function expectGoneOnFrom(file: KeptJournal, name: string, journal: Journal): Promise<void> {
	expect(journal.view.keys("\0", "\x7f", Number.POSITIVE_INFINITY)).toHaveLength(Object.keys(file.records).length);
	for (const [key, body] of bodiesOf(file)) expect(journal.view.get(key), key).toEqual(body);
	const { read, after } = await playedOn(name, journal, 2);
	expect(after.length).toBeGreaterThan(2);
	expect({ read, after }).toMatchObject({ read: file.read, after: file.after.slice(0, after.length) });
}

/** A disk with other records. */
function diskWith(writes: readonly Write[], change: (write: Write) => Uint8Array): MemoryDisk {
	const disk = new MemoryDisk();
	disk.store(new Map(writes.map((write) => [write[0], change(write)])));
	return disk;
}
const asIs = ([key, body]: Write) => encodeRecord(key, body as Uint8Array);

async function failureOf(name: string, disk: MemoryDisk): Promise<string> {
	try {
		await playedOn(name, inMemory(disk));
	} catch (error) {
		expect(error).toBeInstanceOf(StoreError);
		expect(error).toMatchObject({ kind: "failed" });
		return (error as StoreError).message;
	}
	return "it was gone on from";
}

describe("journals that are kept, one set for each version of a record", { timeout: 60_000 }, () => {
	it.each(JOURNALS)("are gone on from: the $name of set $set, in memory", async ({ set, name }) => {
		const file = kept(set, name);
		expect(await playedOn(name, inMemory(diskOf(file)))).toMatchObject(asThen(file));
	});

	it.each(JOURNALS)("are gone on from: the $name of set $set, on disk", async ({ set, name }) => {
		const file = kept(set, name);
		const store = lmdbStore(place());
		const first = await store.open(name);
		expect(await new Promise((resolve) => first.write(bodiesOf(file), resolve))).toBeUndefined();
		await close(first);
		await expectGoneOnFrom(file, name, await store.open(name));
	});

	// Of 4 KiB are the pages of these machines, and of the file.
	it.runIf(process.arch === "x64").each(SETS)("are gone on from: the file of set %d", async (set) => {
		const folder = place();
		writeFileSync(join(folder, "queue.mdb"), gunzipSync(readFileSync(`${FOLDER}${set}/queue.mdb.gz`)));
		const journal = await lmdbStore(folder).open("queue");
		await expectGoneOnFrom(kept(set, "queue"), "queue", journal);
	});

	it("have calls in every state, leases, outcomes and dead letters", () => {
		const { problems, calls, outcomes, deadLetters } = inspectQueue(
			inMemory(diskOf(kept(NEWEST, "queue"))).view,
			(key) => key.startsWith("f"),
		);
		expect(problems).toEqual([]);
		expect(Object.values(calls).every((count) => count > 0)).toBe(true);
		expect(outcomes).toBe(calls.settled);
		expect(deadLetters).toBeGreaterThan(0);
	});

	it.each(Object.entries(MEMBERS))("have all that may be in a record: the %s", (name, records) => {
		for (const [what, members] of Object.entries(records)) expect(membersIn(name, what), what).toEqual(members);
	});

	it.each(NAMES)("are written like this today, byte for byte: the %s", async (name) => {
		const { records } = await made(name);
		const hint = "raise the version of these records, go on reading the former, and run journals/write.mjs";
		const keys = new Set([...Object.keys(records), ...Object.keys(kept(NEWEST, name).records)]);
		const changed = [...keys].filter((key) => records[key] !== kept(NEWEST, name).records[key]);
		expect(
			changed.map((key) => Buffer.from(key, "hex").toString("latin1")),
			hint,
		).toEqual([]);
	});

	it("have a new version where a record has got a new form", () => {
		for (const { set, name } of JOURNALS) {
			if (!SETS.includes(set - 1)) continue;
			expect(changedForms(kept(set - 1, name), kept(set, name)), `${name} of set ${set}`).toEqual([]);
		}
		// As somebody would do it who adds a member, or leaves one out.
		const file = kept(NEWEST, "queue");
		const key = Buffer.from("m", "latin1").toString("hex");
		const other = encodeRecord("m", Buffer.from('\x02{"next":20,"open":10,"settled":9,"leased":5}'));
		const records = { ...file.records, [key]: Buffer.from(other).toString("hex") };
		expect(changedForms(file, { ...file, records }).map(([each]) => each)).toEqual([key]);
	});

	it.each(NAMES)("are left as they are when a newer Antiphon has written any record: the %s", async (name) => {
		const bodies = bodiesOf(kept(NEWEST, name));
		const kinds = new Set(bodies.filter(([, body]) => (body as Uint8Array).length > 0).map(([key]) => key.charAt(0)));
		for (const kind of kinds) {
			const newer = diskWith(bodies, ([key, body = new Uint8Array(0)]) => {
				const [version = 0, ...rest] = body;
				return encodeRecord(key, key.startsWith(kind) ? Buffer.from([version + 1, ...rest]) : body);
			});
			expect(await failureOf(name, newer), kind).toMatch(
				/was written by a newer Antiphon: its version is \d+, and this one reads \d+\. Go on with that Antiphon/,
			);
		}
	});

	it.each(NAMES)("are not gone on from when any record is damaged: the %s", async (name) => {
		const bodies = bodiesOf(kept(NEWEST, name));
		const kinds = new Set(bodies.filter(([, body]) => (body as Uint8Array).length > 0).map(([key]) => key.charAt(0)));
		for (const kind of kinds) {
			const damaged = diskWith(bodies, (write) => {
				const record = asIs(write);
				if (write[0].startsWith(kind)) record[record.length - 1] = (record.at(-1) as number) ^ 1;
				return record;
			});
			expect(await failureOf(name, damaged), kind).toMatch(/the record ".*" in .* is damaged: put a copy/);
		}
	});
});
