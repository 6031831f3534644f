import { expect, it } from "vitest";
import { screen } from "./screen.js";

function showing(terminal: { readonly isTTY: boolean; readonly rows: number }) {
	const written: string[] = [];
	const output = { ...terminal, write: (text: string) => written.push(text) > 0 };
	return { written, show: screen(output) };
}

it("writes one after the other where there is no terminal, without a control character", () => {
	const { written, show } = showing({ isTTY: false, rows: 0 });
	show(["a", "b\nc"]);
	show(["d"]);
	expect(written).toEqual(["a\nb\nc\n", "\nd\n"]);
});

it("writes over what stands there, in one piece, and clears the screen only once", () => {
	const { written, show } = showing({ isTTY: true, rows: 24 });
	show(["a", "b"]);
	show(["c"]);
	const inPlace = (text: string) => `\u001b[?7l\u001b[H${text}\u001b[J\u001b[?7h`;
	expect(written).toEqual([`\u001b[2J${inPlace("a\u001b[K\nb\u001b[K\n")}`, inPlace("c\u001b[K\n")]);
});

it("cuts what the terminal has no rows for", () => {
	const { written, show } = showing({ isTTY: true, rows: 4 });
	show(["1\n2\n3\n4\n5"]);
	expect(written[0]).toContain("2\u001b[K\n… and 3 more lines\u001b[K\n\u001b[J");
	expect(written[0]).not.toContain("3\u001b[K");
});
