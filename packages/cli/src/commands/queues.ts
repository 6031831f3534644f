import { isServiceName, type QueueState } from "@antiphon/protocol";
import type { Command } from "commander";
import { UsageError } from "../command-error.js";
import { type ConnectionFlags, withConnection, withNode } from "../connect/connection.js";
import { domainOf } from "../connect/domain-of.js";
import { queueOf } from "../look-up/durable-calls.js";
import { printResult } from "../output.js";
import { table } from "../print/table.js";

interface QueuesFlags extends ConnectionFlags {
	readonly json?: boolean;
	readonly service?: string;
}

const MIB = 2 ** 20;

/** `antiphon queues`: how many durable calls a domain has. */
export function queuesCommand(program: Command): void {
	withConnection(program.command("queues"))
		.description(
			"show how many durable calls a domain has, of which functions, and who takes them; for its administrators",
		)
		.argument("[domain]", "default: ANTIPHON_DOMAIN")
		.option("--service <service>", "the functions of this one alone")
		.option("--json", "print one JSON object")
		.action(async (argument: string | undefined, flags: QueuesFlags) => {
			const { service } = flags;
			if (service !== undefined && !isServiceName(service)) throw new UsageError(`${service} is no name of a service`);
			const domain = domainOf(argument, flags);
			const state = await withNode(flags, (node, deadline) => queueOf(node, domain, service, deadline));
			printResult(flags.json, asJson(state), () => queueLines(domain, state));
		});
}

function asJson({ isDurable, functions, ...numbers }: QueueState) {
	return {
		...numbers,
		durable: isDurable,
		functions: functions.map(({ fn, ...counts }) => ({ function: fn, ...counts })),
	};
}

export function queueLines(domain: string, state: QueueState): string[] {
	const { open, leased, settled, dead, isDurable, usedBytes, freeBytes, functions } = state;
	const rows = functions.map((each) => [
		each.fn,
		each.version,
		...[each.open, each.waiting, each.leased, each.open - each.waiting - each.leased].map(String),
		each.pulling === 0 ? "nobody" : `${each.pulling}, ${each.credit} at once`,
	]);
	const head = ["function", "version", "open", "waiting", "leased", "put off", "taken by"];
	const where = isDurable ? "on disk" : "in memory";
	return [
		`${domain} has ${open} calls without an outcome, ${leased} of them leased; it keeps ${settled} outcomes, ${dead} of them dead letters`,
		`${where}: ${mib(usedBytes)} used, ${mib(freeBytes)} left`,
		...(rows.length === 0 ? [] : [table(head, rows)]),
	];
}

const mib = (bytes: number) => `${(bytes / MIB).toFixed(1)} MiB`;
