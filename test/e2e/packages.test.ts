import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, it } from "vitest";
import { runChild, tempDir } from "#kit";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const BIN = join(ROOT, "test/node_modules/.bin");
const LIMIT_MS = 60_000;
const PUBLISHED = [
	"@antiphon/cli",
	"@antiphon/contract",
	"@antiphon/delivery",
	"@antiphon/dictionary",
	"@antiphon/domain",
	"@antiphon/link",
	"@antiphon/protocol",
	"@antiphon/server",
	"@antiphon/store",
	"@antiphon/xml",
	"antiphon",
];

/** What a user gets, and nothing else: no source, no tests, no maps, nothing of the build. */
const shipped = (code: string) =>
	new RegExp(
		`^(package\\.json|README\\.md|LICENSE|bin/[a-z]+\\.js|${code}/[A-Za-z0-9/_-]+\\.js|dist/[a-z0-9/-]+\\.d\\.ts)$`,
	);
/^(package\.json|README\.md|LICENSE|bin\/[a-z]+\.js|bundle\/[A-Za-z0-9/_-]+\.js|dist\/[a-z0-9/-]+\.d\.ts)$/;

/** The program of somebody who has installed Antiphon. */
const CONSUMER = `
import { createNode, get, isFault, memoryBus, service } from "antiphon";
import { z } from "zod";

const greeter = service("greeter", "1.0.0", {
	greet: get({
		input: z.object({ name: z.string() }),
		output: z.object({ text: z.string() }),
		faults: { "too-shy": z.object({ tries: z.number() }) },
	}),
});

const bus = memoryBus();
await using provider = await createNode({ link: bus.link("fn.localhost") });
await provider.serve(greeter, {
	greet: ({ name }, ctx) => (name === "Nobody" ? ctx.fail("too-shy", { tries: 3 }) : { text: \`Hello, \${name}\` }),
});
await using caller = await createNode({ link: bus.link("me@localhost") });
const client = caller.client(greeter, { domain: "fn.localhost" });
const { text } = await client.greet({ name: "World" });
const upper: string = text.toUpperCase();
// @ts-expect-error a number is no name
const wrong: unknown = await client.greet({ name: 7 }).catch((error: unknown) => error);
const fault: unknown = await client.greet({ name: "Nobody" }).catch((error: unknown) => error);
const tries = isFault(fault, greeter.functions.greet, "too-shy") ? fault.data.tries : undefined;
console.log(JSON.stringify({ upper, refused: wrong instanceof Error, tries }));
`;

interface Packed {
	readonly name: string;
	readonly filename: string;
}

const temp = tempDir("packages");
const project = join(temp.path, "project");
let packed: readonly Packed[] = [];

/** Runs a command in the project of the user; fails with its output. */
async function run(command: string, args: readonly string[], cwd = project): Promise<string> {
	const finished = await runChild({ command, args, cwd, limitMs: LIMIT_MS });
	if (finished.code !== 0)
		throw new Error(`${basename(command)} ${args.join(" ")}\n${finished.stdout}${finished.stderr}`);
	return finished.stdout;
}

function manifest(folder: string): Record<string, Record<string, string> | undefined> {
	return JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
}

beforeAll(async () => {
	const { packageManager } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
	const folders = ["--filter", "./packages/*", "--filter", "./services/*"];
	const pack = ["-r", ...folders, "pack", "--json", "--pack-destination", temp.path];
	packed = JSON.parse(await run("npm", ["exec", "--yes", "--", packageManager, ...pack], ROOT));

	// Nothing of ours comes from the registry, not even as a dependency of a dependency.
	const tarballs = Object.fromEntries(packed.map(({ name, filename }) => [name, `file:${filename}`]));
	const others = { zod: "services/dictionary", "@types/node": "packages/antiphon" };
	const versions = Object.entries(others).map(([name, user]) => [name, catalogVersion(join(ROOT, user), name)]);
	mkdirSync(project);
	const consumer = {
		private: true,
		type: "module",
		dependencies: { ...tarballs, ...Object.fromEntries(versions) },
		overrides: Object.fromEntries(Object.keys(tarballs).map((name) => [name, `$${name}`])),
	};
	writeFileSync(join(project, "package.json"), JSON.stringify(consumer));
	await run("npm", ["install", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"]);
}, LIMIT_MS);
afterAll(() => temp.remove());

/** The version that the workspace has installed for this package. */
function catalogVersion(folder: string, dependency: string): unknown {
	return manifest(join(folder, "node_modules", dependency))["version"];
}

/** The programs in the README that comes with a package, in one. */
function exampleOf(name: string): string {
	const readme = readFileSync(join(project, "node_modules", name, "README.md"), "utf8");
	return [...readme.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code).join("\n");
}

it("every package that is not private is packed", () => {
	expect(packed.map(({ name }) => name).sort()).toEqual(PUBLISHED);
});

it.each(PUBLISHED)("%s carries what a user needs and nothing else", (name) => {
	const folder = join(project, "node_modules", name);
	const paths = readdirSync(folder, { recursive: true, withFileTypes: true })
		.filter((entry) => entry.isFile())
		.map((entry) => relative(folder, join(entry.parentPath, entry.name)));
	// What a package has for the tests of others it exports as such.
	const strange = manifest(folder)["exports"]?.["./testing"] === undefined ? /testing|bench|\.test/ : /bench|\.test/;
	const code = JSON.stringify(manifest(folder)["exports"]).includes('"./bundle/index.js"') ? "bundle" : "dist";
	expect(paths.filter((path) => !shipped(code).test(path) || strange.test(path))).toEqual([]);
	expect(paths).toEqual(expect.arrayContaining(["README.md", "LICENSE", `${code}/index.js`, "dist/index.d.ts"]));
});

it.each(PUBLISHED)("%s has a manifest that a registry understands", async (name) => {
	const filename = packed.find((each) => each.name === name)?.filename ?? "";
	await run(join(BIN, "publint"), [filename, "--strict"], temp.path);
	const { dependencies = {}, license, description, keywords } = manifest(join(project, "node_modules", name));
	expect(Object.values(dependencies).filter((range) => !/^\d+\.\d+\.\d+$/.test(range))).toEqual([]);
	expect({ license, description, keywords }).toEqual({
		license: "MIT",
		description: expect.any(String),
		keywords: expect.any(Array),
	});
});

it(
	"every package can be imported",
	async () => {
		const imports = PUBLISHED.map((name) => `Object.keys(await import(${JSON.stringify(name)})).length`);
		const counts = await run(process.execPath, ["--input-type=module", "-e", `console.log(${imports.join(", ")})`]);
		expect(counts.trim().split(" ").map(Number)).toEqual(PUBLISHED.map(() => expect.toSatisfy((n: number) => n > 0)));
	},
	LIMIT_MS,
);

it(
	"a strict program of a user, and the examples of the READMEs, are checked with the types of every dependency and run",
	async () => {
		writeFileSync(join(project, "main.ts"), CONSUMER);
		writeFileSync(join(project, "all.ts"), PUBLISHED.map((name) => `import ${JSON.stringify(name)};\n`).join(""));
		const examples = PUBLISHED.map((name, i) => [`readme-${i}.ts`, exampleOf(name)] as const).filter(
			([, text]) => text,
		);
		for (const [path, text] of examples) writeFileSync(join(project, path), text);
		const options = {
			...{ target: "es2022", lib: ["es2023", "esnext.disposable"], module: "nodenext", outDir: "out" },
			...{ types: ["node"], strict: true, skipLibCheck: false, exactOptionalPropertyTypes: true },
		};
		writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions: options, include: ["*.ts"] }));
		await run(join(BIN, "tsc"), ["-p", "."]);
		const bundler = ["--module", "esnext", "--moduleResolution", "bundler", "--noEmit"];
		await run(join(BIN, "tsc"), ["-p", ".", ...bundler]);
		const output = await run(process.execPath, ["out/main.js"]);
		expect(JSON.parse(output)).toEqual({ upper: "HELLO, WORLD", refused: true, tries: 3 });
		expect(examples.length).toBeGreaterThan(0);
		for (const [path] of examples) await run(process.execPath, [join("out", path.replace(/ts$/, "js"))]);
	},
	LIMIT_MS,
);

it(
	"the command that comes with the packages works",
	async () => {
		const antiphon = join(project, "node_modules/.bin/antiphon");
		expect(await run(antiphon, ["--help"])).toMatch(/Exit status:/);
		expect(await run(antiphon, ["dev", "--port", "0", "--component-port", "0", "--exit"])).toMatch(/→ unknown-word/);
	},
	LIMIT_MS,
);
