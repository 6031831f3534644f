// Writes into the documents what they take from the code: the reference of the command, the table of packages, the list of
// documents, and every code block that names a file. The build must be up to date.
//   node test/docs/main.mjs            writes
//   node test/docs/main.mjs --check    names the documents that differ, and fails
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { cliReference } from "./cli-reference.mjs";
import { limitsTable } from "./limits-table.mjs";
import { packagesTable } from "./packages-table.mjs";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const read = (path) => readFileSync(join(ROOT, path), "utf8");

const reference = await cliReference();
/** What stands between `<!-- name -->` and `<!-- /name -->`, by name; each is told the document. */
const GENERATED = {
	cli: () => reference,
	packages: (document) => packagesTable(ROOT, dirname(document)),
	documents: list,
	limits: () => limitsTable(ROOT),
};

const documents = markdown(".").sort();
const stale = documents.filter((path) => read(path) !== renewed(path));
if (process.argv[2] !== "--check") for (const path of stale) writeFileSync(join(ROOT, path), renewed(path));
else if (stale.length > 0) {
	console.error(`these differ from the code: ${stale.join(", ")}\nrun: npm run build && node test/docs/main.mjs`);
	process.exitCode = 1;
}

function renewed(document) {
	return read(document)
		.replace(/^(```\w+ file=([^#\s]+)(?:#(\S+))?\n).*?^```$/gms, (_, head, file, region) => {
			return `${head}${snippet(file, region)}\`\`\``;
		})
		.replace(/^(<!-- (\w+) -->\n).*?^(<!-- \/\2 -->)$/gms, (all, head, name, tail) => {
			return Object.hasOwn(GENERATED, name) ? `${head}\n${GENERATED[name](document)}\n\n${tail}` : all;
		});
}

/** A whole file, or what stands between `// #region name` and `// #endregion`, moved to the left. */
function snippet(file, region) {
	const text = read(file);
	if (region === undefined) return text;
	const found = new RegExp(`^(\\s*)// #region ${region}\\n(.*?)^\\s*// #endregion$`, "ms").exec(text);
	if (found === null) throw new Error(`${file} has no region ${region}`);
	return found[2].replaceAll(new RegExp(`^${found[1]}`, "gm"), "");
}

function list(document) {
	const folder = dirname(document);
	const others = documents.filter((path) => path.startsWith(`${folder}/`) && path !== document);
	return others.map((path) => `- [${/^# (.*)$/m.exec(read(path))[1]}](${relative(folder, path)})`).join("\n");
}

function markdown(folder) {
	return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
		const path = join(folder, entry.name);
		if (entry.isDirectory()) return /^(node_modules|dist|\..+)$/.test(entry.name) ? [] : markdown(path);
		return path.endsWith(".md") ? [path] : [];
	});
}
