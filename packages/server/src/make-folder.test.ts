import { existsSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { makeFolder } from "./make-folder.js";

let folder: string;
beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), "antiphon-folder-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

it("A folder is made with those above it that are missing; one that is there stays, also by a link", () => {
	const deep = join(folder, "a", "b", "c");
	makeFolder(deep);
	writeFileSync(join(deep, "kept"), "");
	makeFolder(deep);
	makeFolder(`${deep}/`);
	expect(existsSync(join(deep, "kept"))).toBe(true);
	symlinkSync(deep, join(folder, "link"));
	makeFolder(join(folder, "link"));
	expect(statSync(join(folder, "link")).isDirectory()).toBe(true);
});

it("What cannot be a folder throws what the system says, with the path", () => {
	const file = join(folder, "file");
	writeFileSync(file, "");
	expect(() => makeFolder(file)).toThrow(/EEXIST.*file/);
	expect(() => makeFolder(join(file, "below", "it"))).toThrow(/ENOTDIR.*file/);
	symlinkSync(join(folder, "nowhere"), join(folder, "dangling"));
	expect(() => makeFolder(join(folder, "dangling"))).toThrow(/ENOENT.*dangling/);
});

it.runIf(process.platform === "linux")("A place where no folder can be made is refused, and not tried for ever", () => {
	expect(() => makeFolder("/proc/antiphon")).toThrow(/ENOENT.*\/proc\/antiphon/);
	expect(() => makeFolder("/proc/antiphon/below")).toThrow(/ENOENT.*\/proc\/antiphon/);
});
