import { Jid, ping } from "antiphon";
import type { Command } from "commander";
import { UsageError } from "../command-error.js";
import { type ConnectionFlags, withConnection, withNode } from "../connection.js";
import { printResult } from "../output.js";

interface PingFlags extends ConnectionFlags {
	readonly json?: boolean;
}

/** `antiphon ping`: is anybody there (XEP-0199)? */
export function pingCommand(program: Command): void {
	withConnection(program.command("ping"))
		.description("ask an address for a sign of life")
		.argument("<jid>", "any XMPP address")
		.option("--json", "print one JSON object")
		.action(async (jid: string, flags: PingFlags) => {
			if (Jid.tryParse(jid) === undefined) throw new UsageError(`${jid} is no JID`);
			const ms = await withNode(flags, (node, deadline) => ping(node, jid, { timeoutMs: deadline.remainingMs() }));
			const rounded = Math.round(ms * 100) / 100;
			printResult(flags.json, { jid, ms: rounded }, () => [`${jid} answered in ${rounded} ms`]);
		});
}
