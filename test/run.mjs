// The whole test: checks of the source, then the suites, then one line that counts.
//   npm test                       everything
//   npm test -- --only e2e,unit    these checks and suites
//   npm test -- packages/xml       the suites, in files whose path contains this
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const TEST = dirname(fileURLToPath(import.meta.url));
const ROOT = dirname(TEST);
const tool = (name) => join(TEST, "node_modules/.bin", name);

/** Each is a few commands that fail or do not. */
const CHECKS = {
	// The longest first.
	sim: [
		[process.execPath, "test/sim/main.mjs", "--seeds", "2000"],
		[process.execPath, "test/sim/main.mjs", "--mutants"],
	],
	format: [[tool("biome"), "check", "--error-on-warnings", ROOT]],
	// What the build leaves out: the tests of each package, and this folder.
	types: [[tool("tsc"), "-p", join(TEST, "tsconfig.check.json")]],
	bounds: [[tool("depcruise"), "--config", "test/dependency-cruiser.cjs", "packages", "services"]],
	unused: [[tool("knip"), "--config", "test/knip.json", "--no-progress", "--no-config-hints"]],
};
const SUITES = ["unit", "conformance", "fuzz", "interop", "e2e"];

const { values, positionals } = commandLine();
const only = values.only?.split(",");
const unknown = only?.filter((name) => !(name in CHECKS) && !SUITES.includes(name)) ?? [];
if (unknown.length > 0) {
	console.error(`there is no ${unknown.join(", ")}; there are ${[...Object.keys(CHECKS), ...SUITES].join(", ")}`);
	process.exit(2);
}
const chosen = (name) => (only === undefined ? positionals.length === 0 || SUITES.includes(name) : only.includes(name));

// Tools are started by their names, and a test may start npm: all of it with the Node that runs this.
process.env.PATH = `${dirname(process.execPath)}${delimiter}${process.env.PATH}`;
console.log(`Node ${process.version}`);

const total = { passed: 0, failed: 0, skipped: 0 };
await runChecks(Object.entries(CHECKS).filter(([name]) => chosen(name)));
const suites = SUITES.filter(chosen);
if (suites.length > 0) runSuites(suites, positionals);

const skipped = total.skipped === 0 ? "" : `, ${total.skipped} skipped`;
console.log(`\n${total.passed} passed, ${total.failed} failed${skipped}`);
process.exitCode = total.failed === 0 ? 0 : 1;

function commandLine() {
	try {
		return parseArgs({ options: { only: { type: "string" } }, allowPositionals: true });
	} catch (error) {
		console.error(`${error.message.split(/[\n.]/)[0]}; there are --only <names> and paths`);
		process.exit(2);
	}
}

/** Two of them side by side: all but the simulator leave a processor idle most of the time. */
async function runChecks(checks) {
	const runNext = async () => {
		for (let check = checks.shift(); check !== undefined; check = checks.shift()) await runCheck(...check);
	};
	await Promise.all([runNext(), runNext()]);
}

async function runCheck(name, commands) {
	const startedMs = performance.now();
	const failures = [];
	for (const command of commands) failures.push(...(await runCommand(command)));
	const ok = failures.length === 0;
	total[ok ? "passed" : "failed"]++;
	console.log(`${ok ? "✓" : "✗"} ${name} (${((performance.now() - startedMs) / 1000).toFixed(1)} s)`);
	for (const failure of failures) console.log(failure);
}

/** @returns what it said, if it has failed */
function runCommand([command, ...args]) {
	return new Promise((resolve) => {
		const child = spawn(command, args, { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
		let said = "";
		for (const output of [child.stdout, child.stderr]) output.setEncoding("utf8").on("data", (text) => (said += text));
		child.on("error", (error) => resolve([error.message]));
		child.on("close", (status) => resolve(status === 0 ? [] : [said]));
	});
}

function runSuites(names, filters) {
	const folder = mkdtempSync(join(tmpdir(), "antiphon-test-"));
	const report = join(folder, "report.json");
	const projects = names.flatMap((name) => ["--project", name]);
	const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
	const { status } = spawnSync(tool("vitest"), ["run", ...projects, ...reporters, ...filters], {
		cwd: TEST,
		stdio: ["ignore", "inherit", "inherit"],
	});
	count(report, status, filters);
	rmSync(folder, { recursive: true });
}

function count(report, status, filters) {
	if (!existsSync(report)) {
		total.failed++;
		console.log("✗ the suites ended without a report");
		return;
	}
	const { numPassedTests, numFailedTests, numPendingTests, testResults } = JSON.parse(readFileSync(report, "utf8"));
	if (testResults.length === 0 && filters.length > 0) {
		total.failed++;
		console.log(`✗ there is no test file whose path contains ${filters.join(" or ")}`);
		return;
	}
	// A file that cannot even be loaded has no test to fail.
	const broken = testResults.filter((file) => file.status === "failed" && file.assertionResults.length === 0).length;
	total.passed += numPassedTests;
	total.failed += numFailedTests + broken;
	total.skipped += numPendingTests;
	if (status !== 0 && numFailedTests + broken === 0) {
		total.failed++;
		console.log("✗ the suites failed outside of any test: see above");
	}
	const titles = testResults.flatMap((file) => file.assertionResults).filter((test) => test.status === "skipped");
	for (const title of new Set(titles.map((test) => test.ancestorTitles.join(" › ")))) console.log(`skipped: ${title}`);
}
