import type { RegisteredInstance } from "@antiphon/protocol";
import type { Command } from "commander";
import { type ConnectionFlags, withConnection, withNode } from "../connect/connection.js";
import { domainOf } from "../connect/domain-of.js";
import { registeredWith } from "../look-up/registered.js";
import { printResult } from "../output.js";
import { age } from "../print/age.js";
import { table } from "../print/table.js";

interface NodesFlags extends ConnectionFlags {
	readonly json?: boolean;
}

/** `antiphon nodes`: who serves what in a domain. */
export function nodesCommand(program: Command): void {
	withConnection(program.command("nodes"))
		.description("list the instances that are registered with a domain; for its administrators")
		.argument("[domain]", "default: ANTIPHON_DOMAIN")
		.option("--json", "print one JSON array")
		.action(async (argument: string | undefined, flags: NodesFlags) => {
			const domain = domainOf(argument, flags);
			const instances = await withNode(flags, (node, deadline) => registeredWith(node, domain, {}, deadline));
			printResult(flags.json, instances.map(asJson), () => lines(domain, instances));
		});
}

function asJson(each: RegisteredInstance) {
	const { service, name: instance, version, jid, state, running, concurrency, labels, registeredMs, heardMs } = each;
	const node = jid.toString();
	return { service, instance, version, node, state, running, concurrency, labels, registeredMs, heardMs };
}

function lines(domain: string, instances: readonly RegisteredInstance[]): string[] {
	if (instances.length === 0) return [`nothing is registered with ${domain} now`];
	const rows = instances.map((each) => [
		each.service,
		each.name,
		each.version,
		each.state,
		`${each.running} of ${each.concurrency}`,
		each.jid.toString(),
		Object.entries(each.labels)
			.map(([name, value]) => `${name}=${value}`)
			.join(" "),
		age(each.registeredMs),
		age(each.heardMs),
	]);
	return [
		table(
			["service", "instance", "version", "state", "running", "node", "labels", "registered for", "silent for"],
			rows,
		),
	];
}
