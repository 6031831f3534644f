import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lmdbStore } from "@antiphon/store";
import { expect, it, onTestFinished } from "vitest";
import type { DomainConfig } from "../domain-config/read.js";
import { checkedStore } from "./check-store.js";

const TEXT = Buffer.from("what is in a record that can be found in its file");

function place(): string {
	const folder = mkdtempSync(join(tmpdir(), "check-store-"));
	onTestFinished(() => rmSync(folder, { recursive: true }));
	return folder;
}
const configOf = (store: string | undefined) => ({ store }) as DomainConfig;

it("A config without a store, and a store with nothing in it, are told apart", async () => {
	await expect(checkedStore(configOf(undefined), "fn.yaml")).rejects.toThrow(/^fn\.yaml: store: there is none/);
	const folder = join(place(), "kept");
	expect(await checkedStore(configOf(folder), "fn.yaml")).toBe(join(folder, "queue.mdb"));
	// It has not been made by looking at it.
	expect(existsSync(folder)).toBe(false);
});

it("A record that is spoilt on the disk is found, and the file can be looked at again", async () => {
	const folder = place();
	const journal = await lmdbStore(folder).open("queue");
	expect(await new Promise((resolve) => journal.write([["b\0\0\0\0\0\0\0\x01", TEXT]], resolve))).toBeUndefined();
	await new Promise<void>((resolve) => journal.close(resolve));
	const file = join(folder, "queue.mdb");
	const bytes = readFileSync(file);
	for (let at = bytes.indexOf(TEXT); at >= 0; at = bytes.indexOf(TEXT, at + 1)) bytes[at] = 0x57;
	writeFileSync(file, bytes);
	for (const _ of ["once", "again"]) {
		const checked = await checkedStore(configOf(folder), "fn.yaml");
		expect(checked).toMatchObject({ file, fileBytes: bytes.length, records: 1 });
		expect(checked).toHaveProperty("problems", [
			expect.stringMatching(/^the record "b.*" in .*queue\.mdb is damaged: put a copy of it in its place/),
			"there should be 0 records that begin with b, and 1 are there",
		]);
	}
});
