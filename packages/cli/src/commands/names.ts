import { type FreedName, isServiceName, type KeptName } from "@antiphon/protocol";
import { BusError } from "antiphon";
import type { Command } from "commander";
import { UsageError } from "../command-error.js";
import { canAsk, confirmed } from "../connect/confirm.js";
import { type ConnectionFlags, withConnection, withNode } from "../connect/connection.js";
import { domainOf } from "../connect/domain-of.js";
import { freeName, keptName, keptNames } from "../look-up/kept-names.js";
import { printResult } from "../output.js";
import { age } from "../print/age.js";
import { printable } from "../print/printable.js";
import { table } from "../print/table.js";

interface LsFlags extends ConnectionFlags {
	readonly json?: boolean;
}

interface FreeFlags extends LsFlags {
	readonly yes?: boolean;
}

/** `antiphon names`: which names of services a domain keeps, and for whom. */
export function namesCommand(program: Command): void {
	const names = program.command("names").description("the names of services that a domain keeps for their owners");
	withConnection(names.command("ls"))
		.description("list the names of services that a domain keeps for their owners; for its administrators")
		.argument("[domain]", "default: ANTIPHON_DOMAIN")
		.option("--json", "print one JSON array")
		.action(async (argument: string | undefined, flags: LsFlags) => {
			const domain = domainOf(argument, flags);
			const kept = await withNode(flags, (node, deadline) => keptNames(node, domain, deadline));
			printResult(flags.json, kept.map(keptJson), () => keptLines(domain, kept));
		});
	withConnection(names.command("free"))
		.description("have a domain give a name up: whoever may register it can then take it; for its administrators")
		.argument("<name>", "one that nobody serves and the configuration does not fix, in ANTIPHON_DOMAIN")
		.option("--yes", "do not ask first")
		.option("--json", "print one JSON object")
		.action(async (name: string, flags: FreeFlags) => {
			if (!isServiceName(name)) throw new UsageError(`${name} is no name of a service`);
			const domain = domainOf(undefined, flags);
			if (flags.yes !== true) await ask(name, domain, flags);
			const freed = await withNode(flags, (node, deadline) => freeName(node, domain, name, deadline));
			printResult(flags.json, freedJson(freed), () => [
				printable(`${freed.service} is free: ${freed.owner} no longer owns it`),
			]);
		});
}

/** On a connection of its own: nobody is hurried by a deadline. @throws BusError `cancelled` for a no; UsageError */
async function ask(name: string, domain: string, flags: FreeFlags): Promise<void> {
	if (!canAsk())
		throw new UsageError("there is no terminal to ask on: add --yes to give the name up without a question");
	const kept = await withNode(flags, (node, deadline) => keptName(node, domain, name, deadline));
	if (await confirmed(questionAbout(kept, domain))) return;
	throw new BusError("cancelled", `${name} was not given up`, { executed: "no" });
}

export function questionAbout(name: KeptName, domain: string): string {
	const used = lastUsed(name);
	const when = used === "" ? "" : `, last used ${used}`;
	return printable(`Give ${name.service} in ${domain} up? ${name.owner} owns it${when}.`);
}

function keptJson({ service, owner, unusedMs, isFixed, isServed }: KeptName) {
	return { name: service, owner, unusedMs: unusedMs ?? null, fixed: isFixed, served: isServed };
}

const freedJson = ({ service, owner }: FreedName) => ({ name: service, owner });

function keptLines(domain: string, kept: readonly KeptName[]): string[] {
	if (kept.length === 0) return [`${domain} keeps no names now`];
	const rows = kept.map((name) => [
		name.service,
		name.owner,
		lastUsed(name),
		name.isFixed ? "yes" : "no",
		name.isServed ? "yes" : "no",
	]);
	return [table(["name", "owner", "last used", "fixed", "served"], rows)];
}

/** Empty where that is not known. */
function lastUsed({ unusedMs, isServed }: KeptName): string {
	if (isServed) return "now";
	return unusedMs === undefined ? "" : `${age(unusedMs)} ago`;
}
