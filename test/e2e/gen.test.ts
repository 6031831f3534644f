import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { antiphon, type DictionaryWorld, runChild, startDictionaryWorld } from "#kit";

const TEST = fileURLToPath(new URL("..", import.meta.url));
const LIMIT_MS = 60_000;
const STATUS = { ok: 0, usage: 2, nobodyThere: 5 };
const FUNCTIONS = "fn.localhost";

/** Somebody who has no source of the dictionary. */
const CALLER = `
import { clientLink, createNode, isFault } from "antiphon";
import { dictionary } from "./contracts.js";

const { ANTIPHON_URL: url = "", ANTIPHON_JID: jid = "", ANTIPHON_PASSWORD: password = "" } = process.env;
await using node = await createNode({ link: clientLink({ url, jid, password }) });
const client = node.client(dictionary, { domain: "${FUNCTIONS}" });
const { text } = await client.define({ word: "xmpp" });
const upper: string = text.toUpperCase();
// @ts-expect-error a number is no word
const wrong: unknown = await client.define({ word: 7 }).catch((error: unknown) => error);
const fault: unknown = await client.define({ word: "stanzza" }).catch((error: unknown) => error);
const near = isFault(fault, dictionary.functions.define, "unknown-word") ? fault.data.near : undefined;
console.log(JSON.stringify({ upper, refused: wrong instanceof Error, near }));
`;

describe("antiphon gen ts", { timeout: LIMIT_MS }, () => {
	let world: DictionaryWorld;
	/** A project within the workspace, so that it finds antiphon and zod there. */
	let project: string;
	let out: string;

	beforeAll(async () => {
		project = mkdtempSync(join(TEST, "node_modules", ".gen-"));
		out = join(project, "contracts.ts");
		world = await startDictionaryWorld();
	}, LIMIT_MS);
	afterAll(async () => {
		await world?.stop();
		rmSync(project, { recursive: true, force: true });
	}, LIMIT_MS);

	const gen = (...args: string[]) => antiphon(["gen", "ts", "--domain", FUNCTIONS, ...args], world.env);

	it("writes a contract that compiles and with which the domain can be called", async () => {
		expect(await gen("--out", out)).toMatchObject({ code: STATUS.ok, stdout: "", stderr: "" });
		writeFileSync(join(project, "main.ts"), CALLER);
		writeFileSync(join(project, "package.json"), JSON.stringify({ type: "module" }));
		const compilerOptions = { composite: false, declaration: false, rootDir: ".", outDir: "out" };
		const config = { extends: "../../../tsconfig.base.json", compilerOptions };
		writeFileSync(join(project, "tsconfig.json"), JSON.stringify(config));
		const compiler = join(TEST, "node_modules/.bin/tsc");
		const env = { PATH: process.env["PATH"] ?? "", ...world.env };
		const compiled = await runChild({ command: compiler, args: ["-p", project], env, limitMs: LIMIT_MS });
		expect(compiled).toMatchObject({ code: 0, stdout: "" });
		const main = join(project, "out", "main.js");
		const called = await runChild({ command: process.execPath, args: [main], env, limitMs: LIMIT_MS });
		expect(called).toMatchObject({ code: 0, stderr: "" });
		const expected = { upper: expect.stringMatching(/MESSAGING/), refused: true, near: ["stanza"] };
		expect(JSON.parse(called.stdout)).toEqual(expected);
	});

	it("writes the same to standard output, of all services or of those that are named", async () => {
		await gen("--out", out);
		const text = readFileSync(out, "utf8");
		expect(await gen()).toMatchObject({ code: STATUS.ok, stdout: text });
		expect(await gen("dictionary", "dictionary")).toMatchObject({ code: STATUS.ok, stdout: text });
	});

	it("writes over its own file, and over that of somebody else only if it must", async () => {
		const mine = join(project, "mine.ts");
		writeFileSync(mine, "export const mine = 1;\n");
		const refused = await gen("--out", mine);
		expect(refused).toMatchObject({ code: STATUS.usage, stderr: expect.stringMatching(/was not generated.*--force/) });
		expect(readFileSync(mine, "utf8")).toBe("export const mine = 1;\n");
		expect(await gen("--out", mine, "--force")).toMatchObject({ code: STATUS.ok });
		expect(await gen("--out", mine)).toMatchObject({ code: STATUS.ok });
		expect(readFileSync(mine, "utf8")).toContain("export const dictionary = service(");
	});

	it("says what is wrong, and leaves the file as it is", async () => {
		const kept = join(project, "kept.ts");
		expect(await gen("nothing", "--out", kept)).toMatchObject({ code: STATUS.nobodyThere });
		expect(await gen("dictionary.define")).toMatchObject({ code: STATUS.usage });
		expect(() => readFileSync(kept)).toThrow(/ENOENT/);
		const folder = join(project, "folder");
		mkdirSync(folder);
		expect(await gen("--out", folder, "--force")).toMatchObject({ code: STATUS.usage });
		expect(await antiphon(["gen", "java", "--domain", FUNCTIONS], world.env)).toMatchObject({ code: STATUS.usage });
	});
});
