import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const PACKAGE = fileURLToPath(new URL("../../..", import.meta.url));
const TSC = join(PACKAGE, "../../test/node_modules/.bin/tsc");

/** Compiles files of a strict project of their own. @returns what the compiler printed */
export async function compile(files: Readonly<Record<string, string>>): Promise<string> {
	const folder = await mkdtemp(join(PACKAGE, "node_modules", ".gen-test-"));
	try {
		for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
		const compilerOptions = { composite: false, noEmit: true, rootDir: PACKAGE };
		const extended = "../../../../tsconfig.base.json";
		await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module" }));
		await writeFile(join(folder, "tsconfig.json"), JSON.stringify({ extends: extended, compilerOptions }));
		return await new Promise((resolve, reject) => {
			execFile(TSC, ["-p", folder], { timeout: 120_000 }, (error, stdout, stderr) => {
				if (error !== null && typeof error.code !== "number") reject(new Error(`${error.message}\n${stderr}`));
				else resolve(stdout);
			});
		});
	} finally {
		await rm(folder, { recursive: true, force: true });
	}
}
