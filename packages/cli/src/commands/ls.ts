import {
	type BrowseOptions,
	BusError,
	discoItems,
	fetchContract,
	Jid,
	type Node,
	type ServiceDescription,
} from "antiphon";
import type { Command } from "commander";
import { type ConnectionFlags, withConnection, withNode } from "../connection.js";
import { domainOf } from "../domain-of.js";
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

/** Services that are asked for their contract at once. */
const AT_ONCE = 16;

/** `antiphon ls`: what a domain offers. */
export function lsCommand(program: Command): void {
	withConnection(program.command("ls"))
		.description("list the functions of a domain")
		.argument("[domain]", "default: ANTIPHON_DOMAIN")
		.option("--json", "print one JSON array")
		.action(async (argument: string | undefined, flags: LsFlags) => {
			const domain = domainOf(argument, flags, "; antiphon describe shows one service");
			const { listed, domains } = await withNode(flags, (node, deadline) =>
				list(node, domain, () => ({ timeoutMs: deadline.remainingMs() })),
			);
			printResult(flags.json, listed, () => [...lines(domain, listed), ...domains.map(hint)]);
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
