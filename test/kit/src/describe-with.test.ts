import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { runChild } from "./process.js";
import { tempDir } from "./temp-dir.js";

const VITEST = fileURLToPath(new URL("../../node_modules/vitest/vitest.mjs", import.meta.url));
const KIT = new URL("../dist/describe-with.js", import.meta.url);
const LIMIT_MS = 20_000;

/** Runs a suite that needs go-sendxmpp with a PATH on which there is none. */
async function runSuite(env: NodeJS.ProcessEnv) {
	using folder = tempDir("describe-with");
	const path = (name: string) => join(folder.path, name);
	writeFileSync(path("package.json"), `{ "type": "module" }`);
	writeFileSync(
		path("one.test.js"),
		`import { writeFileSync } from "node:fs";
import { expect, it } from ${JSON.stringify(import.meta.resolve("vitest"))};
import { describeWith } from ${JSON.stringify(KIT)};
describeWith("go-sendxmpp", "with a client", () => {
	writeFileSync(${JSON.stringify(path("ran"))}, "");
	it("runs", () => {});
});
describeWith([], "with nothing", () => it("runs", () => {}));
`,
	);
	const { ANTIPHON_REQUIRE_SERVERS: _, ...rest } = process.env;
	const { code, stdout } = await runChild({
		command: process.execPath,
		args: [VITEST, "run", "--root", folder.path, "--reporter=json"],
		cwd: folder.path,
		env: { ...rest, ...env, PATH: folder.path },
		limitMs: LIMIT_MS,
	});
	const { testResults } = JSON.parse(stdout.slice(stdout.indexOf("{")));
	const tests: { fullName: string; status: string; failureMessages: string[] }[] = testResults[0].assertionResults;
	return { code, tests, ran: existsSync(path("ran")) };
}

it("a suite that lacks what it needs is skipped under a name that tells the command that adds it", async () => {
	const { code, tests, ran } = await runSuite({});
	expect({ code, ran }).toEqual({ code: 0, ran: false });
	expect(tests.map(({ fullName, status }) => [fullName, status])).toEqual([
		["with a client [go-sendxmpp not installed; add with: apt-get install -y go-sendxmpp] is skipped", "skipped"],
		["with nothing runs", "passed"],
	]);
});

it("such a suite fails under ANTIPHON_REQUIRE_SERVERS=1, with the same command", async () => {
	const { code, tests, ran } = await runSuite({ ANTIPHON_REQUIRE_SERVERS: "1" });
	expect({ code, ran }).toEqual({ code: 1, ran: false });
	expect(tests.map(({ fullName, status }) => [fullName, status])).toEqual([
		["with a client finds what ANTIPHON_REQUIRE_SERVERS=1 asks for", "failed"],
		["with nothing runs", "passed"],
	]);
	expect(tests[0]?.failureMessages.join()).toContain("add with: apt-get install -y go-sendxmpp");
});
