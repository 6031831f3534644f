import { type DrainOutcome, decodeDrained, encodeDrain, isServiceName } from "@antiphon/protocol";
import type { Command } from "commander";
import { UsageError } from "../command-error.js";
import { type ConnectionFlags, withConnection, withNode } from "../connect/connection.js";
import { domainOf } from "../connect/domain-of.js";
import { exitStatusOf } from "../exit-status.js";
import { askDomain } from "../look-up/ask-domain.js";
import { printResult } from "../output.js";
import { printable } from "../print/printable.js";

interface DrainFlags extends ConnectionFlags {
	readonly json?: boolean;
	readonly service?: string;
}

/** `antiphon drain`: takes an instance out of a domain without losing a call. */
export function drainCommand(program: Command): void {
	withConnection(program.command("drain"))
		.description(
			"have an instance take no new calls, finish those that run, and leave; for administrators of the domain",
		)
		.argument("<instance>", "its name, as antiphon nodes lists it, in ANTIPHON_DOMAIN")
		.option("--service <service>", "this service alone; default: all that the instance serves")
		.option("--json", "print one JSON array")
		.action(async (instance: string, flags: DrainFlags) => {
			const { service } = flags;
			if (service !== undefined && !isServiceName(service)) throw new UsageError(`${service} is no name of a service`);
			const domain = domainOf(undefined, flags);
			const payload = encodeDrain({ service, instance });
			const outcomes = await withNode(flags, async (node, deadline) =>
				decodeDrained(await askDomain(node, domain, { type: "set", payload, timeoutMs: deadline.remainingMs() })),
			);
			printResult(flags.json, outcomes.map(asJson), () => outcomes.map(line));
			const failure = outcomes.find((each) => each.failure !== undefined)?.failure;
			if (failure !== undefined) process.exitCode = exitStatusOf(failure.code);
		});
}

function asJson({ service, instance, failure }: DrainOutcome) {
	return { service, instance, ...(failure && { error: failure }) };
}

function line({ service, instance, failure }: DrainOutcome): string {
	const what = printable(`${service}/${instance}`);
	return failure === undefined ? `${what} drains` : `${what}: ${failure.code}: ${printable(failure.message)}`;
}
