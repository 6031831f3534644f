import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";

const PACKAGE = fileURLToPath(new URL("..", import.meta.url));
const TSC = join(PACKAGE, "../../test/node_modules/.bin/tsc");

/**
 * The compiler's own count of the types it had to work out: the same on every machine. Measured: 1,590 for a function
 * with its schemas, handler and call, of which zod needs 400.
 */
const MAX_INSTANTIATIONS_OF_500 = 1_250_000;

let folder: string;
beforeEach(async () => {
	folder = await mkdtemp(join(PACKAGE, "node_modules", ".compiler-test-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Compiles one file that imports the contract's source. @returns what the compiler printed */
async function compile(source: string, ...options: string[]): Promise<string> {
	await writeFile(join(folder, "main.ts"), source);
	await writeFile(
		join(folder, "tsconfig.json"),
		JSON.stringify({
			extends: "../../../../tsconfig.base.json",
			compilerOptions: {
				composite: false,
				noUnusedLocals: false,
				declarationMap: false,
				sourceMap: false,
				rootDir: PACKAGE,
				outDir: "out",
			},
			files: ["main.ts"],
		}),
	);
	return new Promise((resolve, reject) => {
		execFile(TSC, ["-p", folder, ...options], { timeout: 60_000 }, (error, stdout, stderr) => {
			if (error !== null && typeof error.code !== "number") reject(new Error(`${error.message}\n${stderr}`));
			else resolve(stdout);
		});
	});
}

const IMPORTS = `
import { z } from "zod";
import { type Client, type Functions, get, type Handlers, type Service, service, set } from "../../src/index.js";
`;

/** A contract as people write them, with a client and handlers that use each function. */
function contractOf(functions: number): string {
	const numbers = Array.from({ length: functions }, (_, i) => i);
	const declared = numbers.map(
		(i) => `	f${i}: ${i % 2 ? "get" : "set"}({
		input: z.object({ word${i}: z.string(), limit: z.number().default(${i}), tags: z.array(z.string()).optional() }),
		output: z.object({ text${i}: z.string(), near: z.array(z.object({ word: z.string(), score: z.number() })) }),
		faults: { "unknown-${i}": z.object({ near: z.array(z.string()) }) },
	}),`,
	);
	const called = numbers.map((i) => `	(await client.f${i}({ word${i}: "x" }, { timeoutMs: 5 })).text${i};`);
	const handled = numbers.map(
		(i) => `	f${i}: async ({ word${i}, limit }, ctx) =>
		limit > 1 ? { text${i}: word${i}, near: [] } : ctx.fail("unknown-${i}", { near: [] }),`,
	);
	return `${IMPORTS}
const contract = service("generated", "1.0.0", {
${declared.join("\n")}
});
export async function calls(client: Client<typeof contract.functions>) {
${called.join("\n")}
}
export const handlers: Handlers<typeof contract.functions> = {
${handled.join("\n")}
};
`;
}

async function instantiations(functions: number): Promise<number> {
	const printed = await compile(contractOf(functions), "--noEmit", "--declaration", "false", "--extendedDiagnostics");
	expect(printed).not.toContain("error TS");
	return Number(/^Instantiations:\s*(\d+)$/m.exec(printed)?.[1]);
}

describe("the compiler", () => {
	it("has little to do for a contract of 500 functions, and no more for each when they are many", async () => {
		const [of125, of250, of500] = [await instantiations(125), await instantiations(250), await instantiations(500)];
		expect(of500).toBeLessThan(MAX_INSTANTIATIONS_OF_500);
		const [first, second] = [(of250 - of125) / 125, (of500 - of250) / 250];
		expect(first).toBeGreaterThan(0);
		expect(second).toBeLessThan(first * 1.1);
	}, 60_000);

	const DICTIONARY = `${IMPORTS}
const dictionary = service("dictionary", "1.0.0", {
	define: get({
		input: z.object({ word: z.string().min(1) }),
		output: z.object({ text: z.string() }),
		faults: { "unknown-word": z.object({ near: z.array(z.string()) }) },
	}),
	learn: set({ input: z.object({ word: z.string(), at: z.string().default("now") }) }),
});
declare const client: Client<typeof dictionary.functions>;
declare function clientOf<F extends Functions>(service: Service<F>): Client<F>;
`;

	it("shows plain types where a client is hovered over or declared", async () => {
		const source = `${DICTIONARY}
export const define = client.define;
export const learn = client.learn;
export const annotated = client;
export const inferred = clientOf(dictionary);
export const contract = dictionary;
`;
		expect(await compile(source)).toBe("");
		const declarations = await readFile(join(folder, "out", "node_modules", basenameOf(folder), "main.d.ts"), "utf8");
		const shown = declarations.replaceAll(/import\("[^"]*"\)\./g, "").replaceAll(/\s+/g, " ");
		const define =
			"define: (input: { word: string; }, options?: CallOptions | undefined) => Promise<{ text: string; }>;";
		const learn =
			"learn: (input: { word: string; at?: string | undefined; }, options?: CallOptions | undefined) => Promise<undefined>;";
		const tools =
			"readonly $instances: () => Promise<InstanceInfo[]>; readonly $waitFor: (options?: WaitOptions) => Promise<void>;";
		for (const name of ["annotated", "inferred"]) {
			expect(shown).toContain(`const ${name}: { ${tools} readonly ${define} readonly ${learn} };`);
		}
		expect(shown).toContain(`const ${define}`);
		expect(shown).toContain(`const ${learn}`);
		expect(shown).toContain(
			'define: FunctionContract<"get", { readonly sentInput: { word: string; }; readonly input: { word: string; };',
		);
		expect(shown).toContain('}, "at-most-once">;');
		expect(shown).not.toMatch(/Zod|Schema/);
	});

	it("names plain types in its errors", async () => {
		const printed = await compile(
			`${DICTIONARY}
client.define({ word: 7 });
client.defin({ word: "x" });
clientOf(dictionary).defin({ word: "x" });
export const handlers: Handlers<typeof dictionary.functions>["define"] = async () => ({ txt: "" });
`,
			"--noEmit",
			"--declaration",
			"false",
		);
		expect(printed).toContain("Type 'number' is not assignable to type 'string'");
		expect(
			printed.match(
				/Property 'defin' does not exist on type '\{ readonly \$instances: \(\) => Promise<InstanceInfo\[\]>/g,
			),
		).toHaveLength(2);
		expect(printed).toMatch(/'txt' does not exist in type '\{ text: string; \}|Property 'text' is missing in type/);
		expect(printed).not.toMatch(/Zod|Schema/);
	});
});

function basenameOf(path: string): string {
	return path.slice(path.lastIndexOf("/") + 1);
}
