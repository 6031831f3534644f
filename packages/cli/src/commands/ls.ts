import type { Command } from "commander";
import { type ConnectionFlags, withConnection, withNode } from "../connect/connection.js";
import { domainOf } from "../connect/domain-of.js";
import { exitStatusOf } from "../exit-status.js";
import { type Listed, listFunctions } from "../look-up/listed.js";
import { printResult } from "../output.js";
import { printable } from "../print/printable.js";
import { table } from "../print/table.js";

interface LsFlags extends ConnectionFlags {
	readonly json?: boolean;
}

/** `antiphon ls`: what a domain offers. */
export function lsCommand(program: Command): void {
	withConnection(program.command("ls"))
		.description("list the functions of a domain, of each major version that is served, and who provides them")
		.argument("[domain]", "default: ANTIPHON_DOMAIN")
		.option("--json", "print one JSON array")
		.action(async (argument: string | undefined, flags: LsFlags) => {
			const domain = domainOf(argument, flags, "; antiphon describe shows one service");
			const { functions, unread, domains } = await withNode(flags, (node, deadline) =>
				listFunctions(node, domain, () => ({ timeoutMs: deadline.remainingMs() })),
			);
			printResult(flags.json, functions, () => [
				...(functions.length === 0 && unread.length > 0 ? [] : lines(domain, functions)),
				...domains.map(hint),
			]);
			const [lost] = unread.filter(({ isListed }) => !isListed);
			if (lost !== undefined) process.exitCode = exitStatusOf(lost.error.code);
			for (const { jid, version, error } of unread) {
				const what = version === undefined ? jid : `${jid}, version ${version},`;
				console.error(`${printable(what)} does not show its contract: ${error.code}: ${printable(error.message)}`);
			}
		});
}

function hint(domain: string): string {
	return `there is also ${printable(domain)}: antiphon ls ${printable(domain)}`;
}

function lines(domain: string, listed: readonly Listed[]): string[] {
	if (listed.length === 0) return [`${domain} serves nothing now that you may call`];
	const rows = listed.map(({ address, version, instances, health, kind, delivery, summary }) => [
		address,
		version ?? "",
		[instances ?? "", health ?? ""].join(" ").trim(),
		kind ?? "",
		delivery ?? "",
		summary,
	]);
	return [table(["address", "version", "instances", "kind", "delivery", "summary"], rows)];
}
