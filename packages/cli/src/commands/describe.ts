import { escaped } from "@antiphon/protocol";
import { type FoundContract, type FunctionDescription, majorOf, type ServiceDescription } from "antiphon";
import type { Command } from "commander";
import { type Address, parseAddress } from "../connect/address.js";
import { type ConnectionFlags, withConnection, withNode } from "../connect/connection.js";
import { contractAt, functionIn } from "../look-up/contract-at.js";
import { major, otherVersions } from "../look-up/major.js";
import { printResult } from "../output.js";

interface DescribeFlags extends ConnectionFlags {
	readonly json?: boolean;
	readonly major?: number;
}

/** `antiphon describe`: the contract of a service or function, from its address. */
export function describeCommand(program: Command): void {
	withConnection(program.command("describe"))
		.description("show the contract of a service or function: kind, delivery, JSON Schemas")
		.argument("<address>", "dictionary or dictionary.define (in ANTIPHON_DOMAIN), or with @domain")
		.option("--major <number>", "of several major versions this one; default: the newest", (text) => major(text))
		.option("--json", "print one JSON object")
		.action(async (text: string, flags: DescribeFlags) => {
			const address = parseAddress(text, flags);
			const found = await withNode(flags, (node, deadline) => contractAt(node, address, flags.major, deadline));
			const { contract } = found;
			const described = address.fn === undefined ? contract : functionOf(contract, address);
			printResult(flags.json, described, () => lines(found, address).map(escaped));
		});
}

/** One function, with what it is a part of. */
function functionOf(contract: ServiceDescription, address: Address) {
	const { service, version, fingerprint } = contract;
	const [name, description] = functionIn(contract, address);
	return { service, version, fingerprint, function: name, ...description };
}

function lines(found: FoundContract, address: Address): string[] {
	const { contract } = found;
	const { fn, domain } = address;
	const { service, version, fingerprint, functions } = contract;
	const shown = fn === undefined ? Object.entries(functions) : [functionIn(contract, address)];
	return [
		`${service} ${version} at ${service}@${domain} (fingerprint ${fingerprint})`,
		...otherVersions(found).map((other) => `there is also ${other}: --major ${majorOf(other)}`),
		...shown.flatMap(([name, each]) => ["", ...functionLines(`${service}.${name}`, each)]),
	];
}

function functionLines(
	name: string,
	{ kind, delivery, summary, input, output, faults }: FunctionDescription,
): string[] {
	const schema = (label: string, value: unknown) =>
		`  ${label}: ${value === null ? "nothing" : JSON.stringify(value, undefined, 2).replaceAll("\n", "\n  ")}`;
	return [
		`${name}: ${kind}, ${delivery}${summary === undefined ? "" : `: ${summary}`}`,
		schema("input", input),
		schema("output", output),
		...Object.entries(faults).map(([fault, data]) => schema(`fault ${fault}`, data)),
	];
}
