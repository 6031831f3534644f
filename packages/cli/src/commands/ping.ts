import { BusError, Jid, type Node, ping } from "antiphon";
import type { Command } from "commander";
import { UsageError } from "../command-error.js";
import { type ConnectionFlags, type Deadline, withConnection, withNode } from "../connect/connection.js";
import { exitStatusOf } from "../exit-status.js";
import { type Pinged, pingService, serviceIn } from "../look-up/ping-service.js";
import { printResult } from "../output.js";
import { printable } from "../print/printable.js";

interface PingFlags extends ConnectionFlags {
	readonly json?: boolean;
}

/** `antiphon ping`: is anybody there (XEP-0199)? At an address, or all instances of a service. */
export function pingCommand(program: Command): void {
	withConnection(program.command("ping"))
		.description("ask an address, or every instance of a service, for a sign of life")
		.argument("<address>", "any XMPP address, or the name of a service in ANTIPHON_DOMAIN")
		.option("--json", "print one JSON object")
		.action(async (text: string, flags: PingFlags) => {
			if (Jid.tryParse(text) === undefined) throw new UsageError(`${text} is no JID`);
			const place = serviceIn(text, flags);
			await withNode(flags, async (node, deadline) => {
				let noService: string | undefined;
				if (place !== undefined) {
					const pinged = await pingService(node, place, deadline);
					if (typeof pinged !== "string") return printService(flags, place, pinged);
					noService = pinged;
				}
				const ms = rounded(await pingAddress(node, text, noService, deadline));
				printResult(flags.json, { jid: text, ms }, () => [`${text} answered in ${ms} ms`]);
			});
		});
}

/** @param noService why it is not taken for a service */
async function pingAddress(
	node: Node,
	jid: string,
	noService: string | undefined,
	deadline: Deadline,
): Promise<number> {
	try {
		return await ping(node, jid, { timeoutMs: deadline.remainingMs() });
	} catch (thrown) {
		if (noService === undefined) throw thrown;
		const { code, message, executed } = BusError.from(thrown);
		throw new BusError(code, `${noService}; as an address: ${message}`, { executed });
	}
}

/** Exit status 0 when all have answered; else that of the first which did not. */
function printService(flags: PingFlags, place: { service: string; domain: string }, pinged: readonly Pinged[]): void {
	const instances = pinged.map(({ instance, jid, ...rest }) => {
		if ("ms" in rest) return { instance, jid, ms: rounded(rest.ms) };
		const { code, message } = rest.error;
		return { instance, jid, error: { code, message } };
	});
	printResult(flags.json, { ...place, instances }, () =>
		instances.map((each) => {
			const who = printable(`${place.service}/${each.instance} at ${each.jid}`);
			return "ms" in each
				? `${who} answered in ${each.ms} ms`
				: `${who}: ${each.error.code}: ${printable(each.error.message)}`;
		}),
	);
	const failed = instances.find((each) => "error" in each);
	if (failed?.error !== undefined) process.exitCode = exitStatusOf(failed.error.code);
}

const rounded = (ms: number) => Math.round(ms * 100) / 100;
