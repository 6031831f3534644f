import {
	type BrowseOptions,
	BusError,
	discoItems,
	fetchContract,
	Jid,
	type Node,
	type ServiceDescription,
} from "antiphon";
import Table from "cli-table3";
import type { Command } from "commander";
import { UsageError } from "../command-error.js";
import { type ConnectionFlags, environmentOf, withConnection, withNode } from "../connection.js";
import { printResult } from "../output.js";
import { printable } from "../print/printable.js";

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

/** Of a summary or name in the table. */
const MAX_CELL_CHARS = 200;
/** Services that are asked for their contract at once. */
const AT_ONCE = 16;

/** `antiphon ls`: what a domain offers. */
export function lsCommand(program: Command): void {
	withConnection(program.command("ls"))
		.description("list the functions of a domain")
		.argument("[domain]", "default: ANTIPHON_DOMAIN")
		.option("--json", "print one JSON array")
		.action(async (argument: string | undefined, flags: LsFlags) => {
			const domain = argument ?? environmentOf(flags)["ANTIPHON_DOMAIN"];
			if (!domain) throw new UsageError("which domain? Say antiphon ls DOMAIN, or set ANTIPHON_DOMAIN or --domain");
			const jid = Jid.tryParse(domain);
			if (jid === undefined || jid.local !== undefined || jid.resource !== undefined) {
				throw new UsageError(`${domain} is no domain: use fn.localhost, or antiphon describe for one service`);
			}
			const { listed, domains } = await withNode(flags, (node, deadline) =>
				list(node, domain, () => ({ timeoutMs: deadline.remainingMs() })),
			);
			printResult(flags.json, listed, () => [...table(domain, listed), ...domains.map(hint)]);
		});
}

/** What the domain serves, and the other domains that it names: an XMPP server lists its components. */
async function list(node: Node, domain: string, limits: () => BrowseOptions) {
	const found = (await discoItems(node, domain, limits())).map((item) => item.jid);
	const items = found.filter((jid) => Jid.tryParse(jid)?.local !== undefined);
	const domains = found.filter((jid) => Jid.tryParse(jid)?.local === undefined && jid !== domain);
	const listed: Listed[] = [];
	for (let i = 0; i < items.length; i += AT_ONCE) {
		const batch = items.slice(i, i + AT_ONCE).map((jid) => contractAt(node, jid, limits()));
		for (const description of await Promise.all(batch)) {
			if (description !== undefined) listed.push(...functionsOf(description, domain));
		}
	}
	return { listed, domains };
}

function hint(domain: string): string {
	return `there is also ${printable(domain)}: antiphon ls ${printable(domain)}`;
}

/** `undefined` for what is no service: a domain may have other items, and a service may have gone since. */
async function contractAt(node: Node, jid: string, limits: BrowseOptions): Promise<ServiceDescription | undefined> {
	try {
		return await fetchContract(node, jid, limits);
	} catch (error) {
		const { code } = BusError.from(error);
		if (code === "link-lost" || code === "deadline-exceeded" || code === "cancelled") throw error;
		return undefined;
	}
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

function table(domain: string, listed: readonly Listed[]): string[] {
	if (listed.length === 0) return [`${domain} serves nothing now`];
	const table = new Table({
		head: ["address", "version", "kind", "delivery", "summary"],
		style: { head: [], border: [] },
	});
	for (const { address, version, kind, delivery, summary } of listed)
		table.push([address, version, kind, delivery, summary].map((text) => printable(text, MAX_CELL_CHARS)));
	return [table.toString()];
}
