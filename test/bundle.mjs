// Makes one file, and what is shared between entries, of the many that a package is compiled to. For each file that Node
// loads it looks for a package.json, reads, links: of a command that is over in half a second that is more than half.
//   packages/*/dist    what tsc writes: types for everybody, code for this script
//   packages/*/bundle  what `exports` and `bin` name
// What other packages hold stays theirs: only files of the package itself are put together, none is left out.
import { existsSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const PACKAGES = join(dirname(dirname(fileURLToPath(import.meta.url))), "packages");

/** Bundles what has been compiled since it was bundled. */
export async function bundle() {
	const stale = readdirSync(PACKAGES)
		.map((name) => join(PACKAGES, name))
		.filter((folder) => existsSync(join(folder, "dist")) && isStale(folder));
	if (stale.length === 0) return;
	const { rolldown } = await import("rolldown");
	await Promise.all(stale.map((folder) => bundlePackage(rolldown, folder)));
}

async function bundlePackage(rolldown, folder) {
	const build = await rolldown({
		input: entries(folder),
		external: (id) => !/^[./]/.test(id),
		platform: "node",
		treeshake: false,
		onLog: (_, { message }) => {
			throw new Error(`${folder}: ${message}`);
		},
	});
	const dir = join(folder, "bundle");
	rmSync(dir, { recursive: true, force: true });
	// Chunks stand beside the entries, so that a path that is relative to the module means the same in each.
	await build.write({ dir, format: "esm", chunkFileNames: "[name]-[hash].js" });
	await build.close();
}

/** Of what the package's users name: `{ index: "…/dist/index.js" }`. */
function entries(folder) {
	const { exports, bin } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
	const files = Object.values(exports).map((entry) => entry.default.replace(/^\.\/bundle\/|\.js$/g, ""));
	const names = bin === undefined ? files : [...files, "main"];
	return Object.fromEntries(names.map((name) => [name, join(folder, "dist", `${name}.js`)]));
}

function isStale(folder) {
	const made = join(folder, "bundle/index.js");
	if (!existsSync(made)) return true;
	const { mtimeMs } = statSync(made);
	const sources = readdirSync(join(folder, "dist"), { recursive: true }).filter((path) => path.endsWith(".js"));
	return ["package.json", ...sources.map((path) => join("dist", path))].some(
		(path) => statSync(join(folder, path)).mtimeMs > mtimeMs,
	);
}
