import { readFileSync } from "node:fs";
import { join } from "node:path";
import { domainLimits } from "@antiphon/domain";
import { table } from "./table.mjs";

/** The limits of a domain host, as the docstrings of their interface tell them. */
export function limitsTable(root) {
	const source = readFileSync(join(root, "packages/domain/src/limits.ts"), "utf8");
	const described = [...source.matchAll(/\/\*\* ([^*]*?) Default [^*]*\*\/\s+readonly (\w+): number;/g)];
	const texts = new Map(described.map(([, text, name]) => [name, text]));
	return table(
		["limit", "default", "meaning"],
		Object.entries(domainLimits()).map(([name, value]) => {
			if (!texts.has(name))
				throw new Error(`packages/domain/src/limits.ts does not say what ${name} is, and its default`);
			return [`\`${name}\``, value.toLocaleString("en"), texts.get(name)];
		}),
	);
}
