// Makes one file, and what is shared between entries, of the many that a package is compiled to. For each file that Node
// loads it looks for a package.json, reads, links: of a command that is over in half a second that is more than half.
//   packages/*/dist    what tsc writes: types for everybody, code for this script
//   packages/*/bundle  what `exports` and `bin` name; files.json, written last, tells what belongs to it and what it was made of
// What other packages hold stays theirs: only files of the package itself are put together, none is left out. A bundle takes
// the place of the one before when it is whole: where one cannot be made, that stays.
import {
	existsSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmSync,
	statSync,
	utimesSync,
	writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const SCRIPT = fileURLToPath(import.meta.url);
const PACKAGES = join(dirname(dirname(SCRIPT)), "packages");
const MANIFEST = "files.json";
/** Folders that nobody names yet, or any more: in `dist`, with the process that makes them. */
const DRAFT = ".bundle-";
/** Another process may do the same at the same time. */
const SWAPS = 5;
let drafts = 0;

/**
 * Bundles what has been compiled since it was bundled.
 * @param packages the folder in which they are
 * @throws Error that names the package that cannot be bundled; the others are
 */
export async function bundle(packages = PACKAGES) {
	const stale = readdirSync(packages)
		.map((name) => join(packages, name))
		// Git leaves what is built of a package that is gone.
		.filter((folder) => existsSync(join(folder, "dist")) && existsSync(join(folder, "package.json")))
		.filter(isStale);
	if (stale.length === 0) return;
	const { rolldown } = await import("rolldown");
	const made = await Promise.allSettled(stale.map((folder) => bundlePackage(rolldown, folder)));
	for (const { reason } of made) if (reason !== undefined) throw reason;
}

async function bundlePackage(rolldown, folder) {
	removeLeftDrafts(folder);
	const begun = new Date();
	const sources = sourcesOf(folder);
	const draft = newDraft(folder);
	let build;
	try {
		build = await rolldown({
			input: entries(folder),
			external: (id) => !/^[./]/.test(id),
			platform: "node",
			treeshake: false,
			onLog: (_, { message }) => {
				throw new Error(message);
			},
		});
		// Chunks stand beside the entries, so that a path that is relative to the module means the same in each.
		await build.write({ dir: draft, format: "esm", chunkFileNames: "[name]-[hash].js" });
		const names = readdirSync(draft, { recursive: true }).filter((name) => name.endsWith(".js"));
		const files = names.map((name) => [name, statSync(join(draft, name)).size]);
		writeFileSync(join(draft, MANIFEST), JSON.stringify({ files: Object.fromEntries(files), sources }));
		// What is compiled from now on is not in it.
		utimesSync(join(draft, MANIFEST), begun, begun);
		swap(folder, draft);
	} catch (error) {
		throw new Error(`${folder} cannot be bundled: ${error.message}`, { cause: error });
	} finally {
		await build?.close();
		rmSync(draft, { recursive: true, force: true });
	}
}

/** Puts a bundle in the place of the one before. */
function swap(folder, draft) {
	const place = join(folder, "bundle");
	const before = newDraft(folder);
	for (let swaps = 1; ; swaps++) {
		try {
			if (existsSync(place)) renameSync(place, before);
			renameSync(draft, place);
			break;
		} catch (error) {
			if (swaps === SWAPS || !["ENOENT", "ENOTEMPTY", "EEXIST"].includes(error.code)) throw error;
			rmSync(before, { recursive: true, force: true });
		}
	}
	rmSync(before, { recursive: true, force: true });
}

function newDraft(folder) {
	return join(folder, "dist", `${DRAFT}${process.pid}-${++drafts}`);
}

/** Of processes that were killed. */
function removeLeftDrafts(folder) {
	for (const name of readdirSync(join(folder, "dist"))) {
		if (!name.startsWith(DRAFT) || isAlive(Number.parseInt(name.slice(DRAFT.length), 10))) continue;
		rmSync(join(folder, "dist", name), { recursive: true, force: true });
	}
}

function isAlive(pid) {
	try {
		process.kill(pid, 0);
		return true;
	} catch (error) {
		return error.code !== "ESRCH";
	}
}

/** Of what the package's users name: `{ index: "…/dist/index.js" }`. */
function entries(folder) {
	const { exports, bin } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
	const files = Object.values(exports).map((entry) => entry.default.replace(/^\.\/bundle\/|\.js$/g, ""));
	const names = bin === undefined ? files : [...files, "main"];
	return Object.fromEntries(names.map((name) => [name, join(folder, "dist", `${name}.js`)]));
}

/** What a bundle is made of, from the package's folder. */
function sourcesOf(folder) {
	const compiled = readdirSync(join(folder, "dist"), { recursive: true })
		.filter((path) => path.endsWith(".js") && !path.startsWith(DRAFT))
		.map((path) => join("dist", path));
	return ["package.json", ...compiled.sort()];
}

/** Whether there is no bundle, not all of it, or one of something else. */
function isStale(folder) {
	const made = join(folder, "bundle");
	try {
		const { mtimeMs } = statSync(join(made, MANIFEST));
		const { files, sources } = JSON.parse(readFileSync(join(made, MANIFEST), "utf8"));
		const isWhole = Object.entries(files).every(([name, size]) => statSync(join(made, name)).size === size);
		const now = sourcesOf(folder);
		const isOfThese = now.join() === sources.join();
		const paths = [SCRIPT, ...now.map((path) => join(folder, path))];
		return !isWhole || !isOfThese || paths.some((path) => statSync(path).mtimeMs >= mtimeMs);
	} catch {
		return true;
	}
}
