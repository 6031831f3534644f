import { createHash } from "node:crypto";
import type { Element } from "@antiphon/xml";
import type { CallHead } from "../call/call.js";
import { BusError } from "../errors.js";
import type { Jid } from "../jid.js";
import { identifierIn } from "./attributes.js";
import type { ListCode } from "./items.js";

/** A durable call, as its caller names it. */
export interface CallName {
	/** 1 to 64 letters, digits, `_` and `-`; unique for the bare JID of the caller. */
	readonly id: string;
}

/** The attribute `id`. @throws BusError */
export function callNameIn(item: Element, code: ListCode): CallName {
	return { id: identifierIn(item, "id", code) };
}

/**
 * The id of the call that a caller's own key stands for: the same key is the same call, whoever of the account repeats it, and
 * another one at another function (docs/protocol.md, "Durable calls").
 * @param fn `service.function`
 * @throws BusError `invalid-argument` for a key that is empty, or half a surrogate pair
 */
export function callIdOf(sender: Jid, fn: string, key: string): string {
	if (key === "" || !key.isWellFormed()) {
		throw new BusError("invalid-argument", "the key of a call must be text of at least one character");
	}
	return digestOf(sender.bare().toString(), fn.toLowerCase(), key);
}

/**
 * What makes a call with a known id another call: the function, the major version, the encoding and the text of the input.
 * @param call `<call/>`, and its head
 */
export function callDigest(call: Element, { fn, version, encoding }: CallHead): string {
	return digestOf(fn.toLowerCase(), version?.split(".")[0] ?? "", encoding, call.text());
}

function digestOf(...lines: string[]): string {
	return createHash("sha256").update(lines.join("\n")).digest("base64url").slice(0, 22);
}
