import { SaxesParser } from "saxes";
import type { XmlLimits } from "../limits.js";

/** What is to become of an element on the first level of a stream. */
export type Fate = "delivered" | "skipped" | "skipped without a head";

interface Open {
	children: number;
	textBefore: boolean;
}

/** Judges each first-level element of a well-formed stream by these limits, on what saxes reports of it. */
export function fates(text: string, limits: Partial<XmlLimits>): Fate[] {
	const {
		maxStanzaBytes = Infinity,
		maxDepth = Infinity,
		maxAttributes = Infinity,
		maxNameBytes = Infinity,
		maxChildren = Infinity,
	} = limits;
	const parser = new SaxesParser({ xmlns: true });
	const found: Fate[] = [];
	const open: Open[] = [];
	let start = 0;
	let isOver = false;
	let hasHead = false;
	const bytesSince = () => Buffer.byteLength(text.slice(start, parser.position));
	const addChild = (isText: boolean) => {
		const parent = open.at(-1);
		if (parent === undefined || open.length === 1 || (isText && parent.textBefore)) return;
		parent.textBefore = isText;
		if (++parent.children > maxChildren) isOver = true;
	};
	parser.on("opentagstart", ({ name }) => {
		if (open.length !== 1) return;
		start = text.lastIndexOf(`<${name}`, parser.position - 1);
		isOver = false;
	});
	parser.on("opentag", ({ name, attributes }) => {
		addChild(false);
		const names = [name, ...Object.keys(attributes)];
		if (names.some((one) => Buffer.byteLength(one) > maxNameBytes)) isOver = true;
		if (names.length - 1 > maxAttributes || open.length > maxDepth) isOver = true;
		if (open.length === 1) hasHead = !isOver && bytesSince() <= maxStanzaBytes;
		open.push({ children: 0, textBefore: false });
	});
	parser.on("text", (piece) => piece !== "" && addChild(true));
	parser.on("cdata", (piece) => piece !== "" && addChild(true));
	parser.on("closetag", () => {
		open.pop();
		if (open.length !== 1) return;
		if (bytesSince() > maxStanzaBytes) isOver = true;
		found.push(!isOver ? "delivered" : hasHead ? "skipped" : "skipped without a head");
	});
	parser.write(text).close();
	return found;
}
