import { isNcName } from "./chars.js";
import { Refusal } from "./xml-error.js";

/** What an attribute of this name means. */
export type NameRole = "plain" | "prefixed" | "default-namespace" | "prefix-declaration";

/** A qualified name, taken apart once. Two names are the same if hash and qname are. */
export interface Name {
	readonly qname: string;
	/** Empty if there is none. */
	readonly prefix: string;
	readonly local: string;
	readonly role: NameRole;
	readonly hash: number;
}

/** Where the hash of a name starts; each byte makes it 31 times as much and adds itself, in 32 bits. */
export const HASH_SEED = 7;

export function sameName(a: Name, b: Name): boolean {
	return a === b || (a.hash === b.hash && a.qname === b.qname);
}

/** @throws Refusal when it is no qualified name */
export function makeName(qname: string, hash: number): Name {
	const colon = qname.indexOf(":");
	const prefix = colon < 0 ? "" : qname.slice(0, colon);
	const local = colon < 0 ? qname : qname.slice(colon + 1);
	if (!isNcName(local) || (colon >= 0 && !isNcName(prefix))) {
		throw new Refusal("not-well-formed", "a name is not one that XML allows");
	}
	return { qname, prefix, local, role: role(prefix, local), hash };
}

/** Stands for a name that is not kept. */
export function unkeptName(hash: number): Name {
	return { qname: "", prefix: "", local: "", role: "plain", hash };
}

function role(prefix: string, local: string): NameRole {
	if (prefix === "xmlns") return "prefix-declaration";
	if (prefix !== "") return "prefixed";
	return local === "xmlns" ? "default-namespace" : "plain";
}

const SLOTS = 1024;
const LONGEST = 32;

/**
 * Names by their bytes, so that the few names of which a stream is made cost no string each time. One table for the
 * process, with a fixed number of slots: a name that falls into a slot that is taken replaces what was there, so a peer
 * that sends ever new names makes itself slow and nothing else. Longer names and names outside ASCII are not kept.
 */
const slots: (Name | undefined)[] = new Array(SLOTS).fill(undefined);

/** @throws Refusal when it is no qualified name */
export function nameOf(bytes: Buffer, from: number, to: number, hash: number): Name {
	const length = to - from;
	if (length > LONGEST) return makeName(bytes.toString("utf8", from, to), hash);
	const slot = (hash ^ (hash >>> 10)) & (SLOTS - 1);
	const known = slots[slot];
	if (known !== undefined && known.hash === hash && spells(known.qname, bytes, from, length)) return known;
	const name = makeName(bytes.toString("utf8", from, to), hash);
	if (name.qname.length === length) slots[slot] = name;
	return name;
}

function spells(text: string, bytes: Uint8Array, from: number, length: number): boolean {
	if (text.length !== length) return false;
	for (let i = 0; i < length; i++) {
		if (text.charCodeAt(i) !== bytes[from + i]) return false;
	}
	return true;
}
