import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { bundle } from "../../bundle.mjs";
import { tempDir } from "./temp-dir.js";

const LONG_AGO = new Date(2020, 0);
const MANIFEST = {
	type: "module",
	exports: { ".": { default: "./bundle/index.js" }, "./more": { default: "./bundle/more.js" } },
};
const COMPILED = {
	"index.js": 'export { shared } from "./shared.js";',
	"more.js": 'import { shared } from "./shared.js";\nexport const more = shared + 1;',
	"shared.js": "export const shared = 1;",
};

/** A folder with a package that has been compiled long ago. */
function compiled() {
	const { path, remove } = tempDir("bundle");
	onTestFinished(remove);
	const folder = join(path, "words");
	const write = (name: string, text: string, at?: Date) => {
		writeFileSync(join(folder, name), text);
		if (at !== undefined) utimesSync(join(folder, name), at, at);
	};
	mkdirSync(join(folder, "dist"), { recursive: true });
	write("package.json", JSON.stringify(MANIFEST), LONG_AGO);
	for (const [name, text] of Object.entries(COMPILED)) write(`dist/${name}`, text, LONG_AGO);
	const files = () => readdirSync(join(folder, "bundle")).sort();
	const chunk = () => files().find((name) => name.startsWith("shared-")) as string;
	/** Another one each time it is made. */
	const made = () => statSync(join(folder, "bundle")).ino;
	return { path, folder, write, files, chunk, made };
}

describe("The bundle of a package", () => {
	it("is made of what is compiled, and again when that has changed or something of it is not there", async () => {
		const { path, folder, write, files, chunk, made } = compiled();
		await bundle(path);
		expect(files()).toEqual(["files.json", "index.js", "more.js", chunk()]);
		const url = pathToFileURL(join(folder, "bundle/more.js")).href;
		expect(await import(/* @vite-ignore */ url)).toMatchObject({ more: 2 });
		const first = made();
		await bundle(path);
		expect(made()).toBe(first);
		rmSync(join(folder, "bundle", chunk()));
		await bundle(path);
		expect(existsSync(join(folder, "bundle", chunk()))).toBe(true);
		write(`bundle/${chunk()}`, "", LONG_AGO);
		await bundle(path);
		expect(readFileSync(join(folder, "bundle", chunk()), "utf8")).toContain("shared");
		write("dist/shared.js", "export const shared = 20;");
		await bundle(path);
		expect(readFileSync(join(folder, "bundle", chunk()), "utf8")).toContain("20");
		const third = made();
		// As old as the others: what was compiled in another branch.
		write("dist/other.js", "", LONG_AGO);
		await bundle(path);
		expect(made()).not.toBe(third);
		expect(readdirSync(join(folder, "dist")).filter((name) => name.startsWith("."))).toEqual([]);
	});

	it("stays when there can be none of what is compiled, which is said with the package", async () => {
		const { path, folder, write, files } = compiled();
		await bundle(path);
		const before = files();
		write("dist/index.js", 'import "./nope.js";');
		await expect(bundle(path)).rejects.toThrow(`${folder} cannot be bundled`);
		expect(files()).toEqual(before);
		expect(readdirSync(join(folder, "dist")).filter((name) => name.startsWith("."))).toEqual([]);
	});

	it("may be made by two at once; what is left of a package that is gone is passed over", async () => {
		const { path, files, chunk } = compiled();
		mkdirSync(join(path, "gone/dist"), { recursive: true });
		await Promise.all([bundle(path), bundle(path)]);
		expect(files()).toEqual(["files.json", "index.js", "more.js", chunk()]);
	});
});
