import type { CallKey } from "@antiphon/protocol";
import { Jid } from "antiphon";
import { UsageError } from "../command-error.js";

/**
 * Reads `184467`, a number that lists show, or `caller@example.org/q0wYc3nLR9eEo2p7Zb4mVA`: what a handler sees as `ctx.callId`.
 * @throws UsageError
 */
export function parseCallKey(text: string): CallKey {
	if (/^[1-9]\d{0,14}$/.test(text)) return { n: Number(text) };
	const [, sender, id] = /^([^/]+)\/([A-Za-z0-9_-]{1,64})$/.exec(text) ?? [];
	const jid = Jid.tryParse(sender ?? "");
	if (jid !== undefined && id !== undefined) return { sender: jid.toString(), id };
	throw new UsageError(`${text} names no durable call: use its number, or caller@example.org/ID`);
}
