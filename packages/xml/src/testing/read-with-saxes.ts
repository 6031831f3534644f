import { SaxesParser } from "saxes";
import type { Plain } from "./read-stream.js";

const XMLNS = "http://www.w3.org/2000/xmlns/";
const XML = "http://www.w3.org/XML/1998/namespace";

/** A document as saxes reads it, in the same form as `readStream`, or what it says against it. */
export function readWithSaxes(text: string): { root: Plain } | { problem: string } {
	const parser = new SaxesParser({ xmlns: true });
	const open: Plain[] = [];
	let root: Plain | undefined;
	let problem: string | undefined;
	parser.on("error", (error) => {
		problem ??= error.message;
	});
	parser.on("opentag", (tag) => {
		const attributes: [string, string][] = [];
		for (const attribute of Object.values(tag.attributes)) {
			const { uri, local, value } = attribute;
			if (uri === XMLNS) continue;
			attributes.push([uri === "" ? local : uri === XML ? `xml:${local}` : `{${uri}}${local}`, value]);
		}
		attributes.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
		const element: Plain = [tag.uri, tag.local, attributes, []];
		open.at(-1)?.[3].push(element);
		open.push(element);
	});
	const onText = (piece: string) => {
		const children = open.at(-1)?.[3];
		if (children === undefined || piece === "") return;
		const last = children.at(-1);
		if (typeof last === "string") children[children.length - 1] = last + piece;
		else children.push(piece);
	};
	parser.on("text", onText);
	parser.on("cdata", onText);
	parser.on("closetag", () => {
		root = open.pop();
	});
	parser.write(text).close();
	if (problem !== undefined) return { problem };
	return root === undefined ? { problem: "no root" } : { root };
}
