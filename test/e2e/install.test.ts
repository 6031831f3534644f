import { cpSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { runChild, serversRequired, tempDir } from "#kit";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const WORKSPACE = join(ROOT, ".ci/workspace.mjs");
/** What a checkout does not have: what was installed, built or kept. */
const MADE = /(^|\/)(\.git|\.cache|node_modules|dist|coverage)(\/|$)|\.tsbuildinfo$/;
const START = ["start", "--", "--port", "0", "--exit", "--component-port"];
const LIMIT_MS = 120_000;

it.each(["18.20.4", "20.18.3"])("Node %s is refused before anything is done, with what is needed", async (version) => {
	const old = `Object.defineProperty(process, "versions", { value: { ...process.versions, node: "${version}" } })`;
	const args = ["--import", `data:text/javascript,${encodeURIComponent(old)}`, WORKSPACE, "antiphon", "--version"];
	const { code, stdout, stderr } = await runChild({ command: process.execPath, args, limitMs: 20_000 });
	expect({ code, stdout, stderr }).toEqual({
		code: 1,
		stdout: "",
		stderr: `antiphon workspace: Node 20.19 or newer is needed; this is ${version}\n`,
	});
});

it("a task that is none is refused with those that there are", async () => {
	const args = [WORKSPACE, "toString"];
	const { code, stderr } = await runChild({ command: process.execPath, args, limitMs: 20_000 });
	expect(code).toBe(1);
	expect(stderr).toMatch(/no task toString; there are antiphon, test, /);
});

// It fetches every package anew, so it needs a registry and some seconds.
const remedy = serversRequired() ? "" : " [asks a registry; runs with: ANTIPHON_REQUIRE_SERVERS=1 npm test]";
describe.skipIf(!serversRequired())(`npm start from nothing but Node and npm${remedy}`, () => {
	it(
		"installs, builds and takes the tour; then says what to do about a busy component port",
		async () => {
			using folder = tempDir("start");
			const root = join(folder.path, "checkout");
			cpSync(ROOT, root, {
				recursive: true,
				filter: (path) => !MADE.test(path.slice(ROOT.length).replaceAll(sep, "/")),
			});
			const npm = async (args: readonly string[]) => {
				const env = await freshEnvironment(join(folder.path, "home"));
				return runChild({ command: "npm", args, cwd: root, env, limitMs: LIMIT_MS });
			};

			const first = await npm([...START, "0"]);
			expect(first).toMatchObject({ code: 0 });
			expect(first.stderr).toMatch(/installing with pnpm@/);
			expect(first.stdout.match(/^ {2}→ /gm)).toHaveLength(4);
			expect(first.stdout).not.toContain("✗");

			const taken = createServer();
			const port = await new Promise<number>((resolve) =>
				taken.listen(0, "127.0.0.1", () => resolve((taken.address() as { port: number }).port)),
			);
			try {
				const busy = await npm([...START, `${port}`]);
				expect(busy.code).toBe(1);
				expect(busy.stderr).toContain(`${port}`);
				expect(busy.stderr).toContain("--component-port");
				expect(busy.stderr).not.toMatch(/installing|\n\s+at /);
			} finally {
				taken.close();
			}
		},
		LIMIT_MS,
	);
});

/** As after the first login: an empty home and no cache; which registry to ask is what the machine's user has set. */
async function freshEnvironment(home: string): Promise<NodeJS.ProcessEnv> {
	const kept = Object.entries(process.env).filter(([name]) => !/^(npm_|pnpm_|antiphon_|xdg_|init_cwd)/i.test(name));
	const config = await runChild({ command: "npm", args: ["config", "get", "userconfig"], limitMs: 20_000 });
	return {
		...Object.fromEntries(kept),
		HOME: home,
		PATH: `${dirname(process.execPath)}:${process.env["PATH"]}`,
		npm_config_userconfig: config.stdout.trim(),
		npm_config_cache: join(home, "npm-cache"),
	};
}
