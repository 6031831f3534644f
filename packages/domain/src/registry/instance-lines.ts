import { isServedBy } from "@antiphon/contract";
import { encodeInstance, type Jid, MAX_INSTANCES, NS } from "@antiphon/protocol";
import { type Element, serialize } from "@antiphon/xml";
import { instanceLine } from "./instance-line.js";
import type { Instance } from "./registry.js";

interface Line {
	readonly instance: string;
	readonly version: string;
	readonly element: Element;
	readonly chars: number;
}

/** Characters of the lines that one caller is told: with its envelope it stays far below the usual limit of a stanza. */
const MAX_CHARS = 40 * 1024;

/** What one caller is told of. */
export interface Told {
	readonly lines: readonly Element[];
	/** How many instances there are, whether told or not. */
	readonly total: number;
}

/** The instances of one service, encoded once for everybody who is told of them. */
export class InstanceLines {
	readonly #lines: readonly Line[];

	constructor(instances: readonly Instance[]) {
		this.#lines = instances.map((instance) => {
			const element = encodeInstance(instanceLine(instance), NS.resolve);
			const chars = serialize(element).length;
			return { instance: instance.instance, version: instance.version, element, chars };
		});
	}

	/** One of them, by its name. */
	only(instance: string): Told {
		const lines = this.#lines.filter((line) => line.instance === instance).map(({ element }) => element);
		return { lines, total: lines.length };
	}

	/** As much as one answer holds: not the same ones for everybody, but for one caller the same each time. */
	for(caller: Jid, version: string | undefined): Told {
		const serving =
			version === undefined ? this.#lines : this.#lines.filter((each) => isServedBy(version, each.version));
		const meant = serving.length === 0 ? this.#lines : serving;
		const lines: Element[] = [];
		let chars = 0;
		for (const line of isTooMuch(meant) ? ranked(meant, caller) : meant) {
			chars += line.chars;
			if (lines.length === MAX_INSTANCES || chars > MAX_CHARS) break;
			lines.push(line.element);
		}
		return { lines, total: meant.length };
	}
}

function isTooMuch(lines: readonly Line[]): boolean {
	return lines.length > MAX_INSTANCES || lines.reduce((sum, { chars }) => sum + chars, 0) > MAX_CHARS;
}

function ranked(lines: readonly Line[], caller: Jid): Line[] {
	const who = caller.toString();
	const byRank = lines.map((line) => ({ line, rank: hashOf(`${who}/${line.instance}`) }));
	return byRank.sort((a, b) => a.rank - b.rank).map(({ line }) => line);
}

/** Spreads evenly, and no more is asked of it (FNV-1a, 32 bits). */
function hashOf(text: string): number {
	let hash = 0x811c9dc5;
	for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
	return hash >>> 0;
}
