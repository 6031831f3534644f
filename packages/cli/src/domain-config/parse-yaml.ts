import { LineCounter, parseDocument, visit } from "yaml";
import { UsageError } from "../command-error.js";

/**
 * Reads YAML 1.2, of which JSON is a part: one document, without anchors and tags of its own.
 * @throws UsageError that names file, line and column
 */
export function parseYaml(text: string, file: string): unknown {
	const lines = new LineCounter();
	const document = parseDocument(text, { prettyErrors: false, lineCounter: lines, stringKeys: true });
	const at = (offset: number) => {
		const { line, col } = lines.linePos(offset);
		return `${file}:${line}:${col}`;
	};
	visit(document, {
		Alias(_, { source, range }) {
			// Nobody who writes *@example.org means a reference to an anchor.
			throw inQuotes(at(range?.[0] ?? 0), `*${source}`);
		},
	});
	const [problem] = [...document.errors, ...document.warnings];
	if (problem === undefined) return document.toJS();
	if (problem.code === "BAD_ALIAS") throw inQuotes(at(problem.pos[0]), "*");
	if (problem.code === "MULTIPLE_DOCS")
		throw new UsageError(`${at(problem.pos[0])}: a second document: write one, without ---`);
	throw new UsageError(`${at(problem.pos[0])}: this is no YAML: ${problem.message}`);
}

function inQuotes(where: string, text: string): UsageError {
	return new UsageError(`${where}: what begins with * has to stand in quotes: ${JSON.stringify(text)}`);
}
