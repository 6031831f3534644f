// Brings a checkout to the point where a command can run, from nothing but Node and npm: installs when the lockfile has
// changed, builds what is out of date, runs. Standard output belongs to the command; what this says goes to standard error.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const MIN_NODE = [20, 19];
const INSTALLED = join(ROOT, "node_modules/.installed");
const BUILT = ["packages/cli", "packages/store", "services/dictionary", "test"];

/** Each runs in this very process, so that signals and the exit status need no passing on. */
const TASKS = {
	antiphon: "packages/cli/bin/antiphon.js",
	test: "test/run.mjs",
	bench: "test/bench/main.mjs",
	sim: "test/sim/main.mjs",
	chaos: "test/chaos/main.mjs",
	build: undefined,
	format: undefined,
};

async function main([task, ...args]) {
	const [major, minor] = process.versions.node.split(".").map(Number);
	if (major < MIN_NODE[0] || (major === MIN_NODE[0] && minor < MIN_NODE[1])) {
		fail(`Node ${MIN_NODE.join(".")} or newer is needed; this is ${process.versions.node}`);
	}
	if (!Object.hasOwn(TASKS, task)) fail(`no task ${task}; there are ${Object.keys(TASKS).join(", ")}`);
	install();
	if (task === "format") process.exit(run(join(ROOT, "test/node_modules/.bin/biome"), ["check", "--write", ROOT]));
	await build();
	if (TASKS[task] === undefined) return;
	// npm runs scripts in the root; paths on the command line are meant from where the user is.
	if (task === "antiphon") process.chdir(process.env.INIT_CWD ?? ROOT);
	const module = join(ROOT, TASKS[task]);
	// What a line to copy begins with.
	process.env.ANTIPHON_COMMAND = "npm run -s antiphon --";
	process.argv = [process.execPath, module, ...args];
	await import(pathToFileURL(module).href);
}

/** Installs from the lockfile, with the pinned pnpm fetched through npm, when anything that it depends on has changed. */
function install() {
	const state = installState();
	if (existsSync(INSTALLED) && readFileSync(INSTALLED, "utf8") === state) return;
	const { packageManager } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
	console.error(`installing with ${packageManager} …`);
	const args = ["exec", "--yes", "--", packageManager, "install", "--frozen-lockfile", "--reporter=append-only"];
	const status = run("npm", args, ["ignore", 2, 2]);
	if (status !== 0) fail("the installation failed: see above. A registry that can be reached is needed once", status);
	mkdirSync(dirname(INSTALLED), { recursive: true });
	writeFileSync(INSTALLED, state);
}

/** Everything that decides what is installed. */
function installState() {
	const hash = createHash("sha256").update(process.version);
	for (const path of ["pnpm-lock.yaml", "pnpm-workspace.yaml", "package.json", ...manifests()]) {
		hash.update(path).update(readFileSync(join(ROOT, path)));
	}
	return hash.digest("hex");
}

function manifests() {
	const folders = ["packages", "services"].flatMap((parent) =>
		readdirSync(join(ROOT, parent)).map((name) => `${parent}/${name}`),
	);
	return [...folders, "test"].map((folder) => `${folder}/package.json`).filter((path) => existsSync(join(ROOT, path)));
}

async function build() {
	const projects = BUILT.map((folder) => join(ROOT, folder)).filter((folder) =>
		existsSync(join(folder, "tsconfig.json")),
	);
	const status = run(join(ROOT, "test/node_modules/.bin/tsc"), ["-b", ...projects], ["ignore", 2, 2]);
	if (status !== 0) fail("the build failed: see above", status);
	// Not before there is something to import it from.
	const { bundle } = await import("../test/bundle.mjs");
	await bundle();
}

function run(command, args, stdio = "inherit") {
	const { status, signal, error } = spawnSync(command, args, { stdio, cwd: ROOT });
	if (error !== undefined) fail(`${command} could not be run: ${error.message}`);
	if (signal !== null) fail(`${command} was ended by ${signal}`);
	return status ?? 1;
}

function fail(message, status = 1) {
	console.error(`antiphon workspace: ${message}`);
	process.exit(status);
}

await main(process.argv.slice(2));
