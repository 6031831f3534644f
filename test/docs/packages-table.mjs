import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join, relative } from "node:path";
import { table } from "./table.mjs";

/** What each package is and may import, from the rules that the check of the boundaries goes by. */
export function packagesTable(root, documentFolder) {
	const { forbidden } = createRequire(import.meta.url)("../dependency-cruiser.cjs");
	const rules = forbidden.filter(({ name }) => name.endsWith("-imports") && name !== "no-deep-imports");
	return table(
		["package", "what it is", "may import"],
		rules.map(({ name, comment, from }) => {
			const folder = from.path.replace(/^\^(.*)\/src\/$/, "$1");
			const { description } = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
			const link = `[${name.replace(/-imports$/, "")}](${relative(documentFolder, folder)})`;
			return [link, description, comment.replace(/^.*: /, "")];
		}),
	);
}
