const rows = (cells) => cells.map((row) => `| ${row.map((text) => text.replaceAll("|", "\\|")).join(" | ")} |`);

/** A table in Markdown. */
export function table(head, body) {
	return [...rows([head, head.map(() => "---")]), ...rows(body)].join("\n");
}
