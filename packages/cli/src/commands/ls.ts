import type { ServiceDescription } from "antiphon";
import type { Command } from "commander";
import { type ConnectionFlags, withConnection, withNode } from "../connect/connection.js";
import { domainOf } from "../connect/domain-of.js";
import { servicesIn } from "../look-up/services-in.js";
import { printResult } from "../output.js";
import { printable } from "../print/printable.js";
import { table } from "../print/table.js";

interface LsFlags extends ConnectionFlags {
	readonly json?: boolean;
}

interface Listed {
	readonly address: string;
	readonly version: string;
	readonly kind: string;
	readonly delivery: string;
	readonly summary: string;
}

/** `antiphon ls`: what a domain offers. */
export function lsCommand(program: Command): void {
	withConnection(program.command("ls"))
		.description("list the functions of a domain")
		.argument("[domain]", "default: ANTIPHON_DOMAIN")
		.option("--json", "print one JSON array")
		.action(async (argument: string | undefined, flags: LsFlags) => {
			const domain = domainOf(argument, flags, "; antiphon describe shows one service");
			const { services, domains } = await withNode(flags, (node, deadline) =>
				servicesIn(node, domain, () => ({ timeoutMs: deadline.remainingMs() })),
			);
			const listed = services.flatMap(({ contract }) => functionsOf(contract, domain));
			printResult(flags.json, listed, () => [...lines(domain, listed), ...domains.map(hint)]);
		});
}

function hint(domain: string): string {
	return `there is also ${printable(domain)}: antiphon ls ${printable(domain)}`;
}

function functionsOf({ service, version, functions }: ServiceDescription, domain: string): Listed[] {
	return Object.entries(functions).map(([fn, { kind, delivery, summary = "" }]) => ({
		address: `${service}.${fn}@${domain}`,
		version,
		kind,
		delivery,
		summary,
	}));
}

function lines(domain: string, listed: readonly Listed[]): string[] {
	if (listed.length === 0) return [`${domain} serves nothing now`];
	const rows = listed.map(({ address, version, kind, delivery, summary }) => [
		address,
		version,
		kind,
		delivery,
		summary,
	]);
	return [table(["address", "version", "kind", "delivery", "summary"], rows)];
}
