import { isServiceName } from "@antiphon/protocol";
import type { Command } from "commander";
import { UsageError } from "../command-error.js";
import { type ConnectionFlags, withConnection, withNode } from "../connect/connection.js";
import { domainOf } from "../connect/domain-of.js";
import { EXIT_STATUS, exitStatusOf } from "../exit-status.js";
import { type Drained, drain } from "../look-up/drain.js";
import { printResult } from "../output.js";
import { printable } from "../print/printable.js";

interface DrainFlags extends ConnectionFlags {
	readonly json?: boolean;
	readonly service?: string;
	readonly wait?: boolean;
}

/** `antiphon drain`: takes an instance out of a domain without losing a call. */
export function drainCommand(program: Command): void {
	withConnection(program.command("drain"))
		.description(
			"have an instance take no new calls, finish those that run, and leave; for administrators of the domain",
		)
		.argument("<instance>", "its name, as antiphon nodes lists it, in ANTIPHON_DOMAIN")
		.option("--service <service>", "this service alone; default: all that the instance serves")
		.option(
			"--wait",
			"return when it has left, its running calls done, within --timeout; default: when it has been told",
		)
		.option("--json", "print one JSON array")
		.action(async (instance: string, flags: DrainFlags) => {
			const { service, wait = false } = flags;
			if (service !== undefined && !isServiceName(service)) throw new UsageError(`${service} is no name of a service`);
			const domain = domainOf(undefined, flags);
			const asked = { service, instance };
			const drained = await withNode(flags, (node, deadline) => drain(node, domain, asked, wait, deadline));
			printResult(flags.json, drained.map(asJson), () => drained.map(line));
			process.exitCode = statusOf(drained);
		});
}

/** What could not be told to drain says more than what has not left yet. */
export function statusOf(drained: readonly Drained[]): number {
	const failure = drained.find((each) => each.failure !== undefined)?.failure;
	if (failure !== undefined) return exitStatusOf(failure.code);
	return drained.some(({ left }) => left === false) ? EXIT_STATUS.unfinished : EXIT_STATUS.ok;
}

function asJson({ service, instance, failure, left, running }: Drained) {
	return { service, instance, ...(failure && { error: failure }), left, running };
}

function line({ service, instance, failure, left, running }: Drained): string {
	const what = printable(`${service}/${instance}`);
	if (failure !== undefined) return `${what}: ${failure.code}: ${printable(failure.message)}`;
	if (left === undefined) return `${what} drains`;
	return left ? `${what} has left` : `${what} still drains: ${running} of its calls ran when it was last heard of`;
}
