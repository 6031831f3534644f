import type { ServiceDescription } from "antiphon";
import type { Command } from "commander";
import { type Address, parseAddress } from "../connect/address.js";
import { type ConnectionFlags, withConnection, withNode } from "../connect/connection.js";
import { contractAt, functionIn } from "../look-up/contract-at.js";
import { major, otherVersions } from "../look-up/major.js";
import { printResult } from "../output.js";
import { contractLines } from "../print/contract.js";

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
		.option("--json", "print one JSON object; versions in it are those of all major versions, if there are several")
		.action(async (text: string, flags: DescribeFlags) => {
			const address = parseAddress(text, flags);
			const found = await withNode(flags, (node, deadline) => contractAt(node, address, flags.major, deadline));
			const { contract } = found;
			const others = otherVersions(found);
			const described = address.fn === undefined ? contract : functionOf(contract, address);
			printResult(flags.json, others.length === 0 ? described : { ...described, versions: found.versions }, () => {
				const shown = address.fn === undefined ? Object.entries(contract.functions) : [functionIn(contract, address)];
				return contractLines(contract, address.domain, others, shown);
			});
		});
}

/** One function, with what it is a part of. */
function functionOf(contract: ServiceDescription, address: Address) {
	const { service, version, fingerprint } = contract;
	const [name, description] = functionIn(contract, address);
	return { service, version, fingerprint, function: name, ...description };
}
