import { BusError, fetchContract, Jid, type Node, type ServiceDescription } from "antiphon";
import { Argument, type Command } from "commander";
import { UsageError } from "../command-error.js";
import { parseAddress } from "../connect/address.js";
import { type ConnectionFlags, type Deadline, withConnection, withNode } from "../connect/connection.js";
import { domainOf } from "../connect/domain-of.js";
import { contractFile, refusalOf } from "../gen/contract-file.js";
import { requireOverwritable, writeOut } from "../gen/out-file.js";
import { servicesIn } from "../look-up/services-in.js";
import { printable } from "../print/printable.js";

interface GenFlags extends ConnectionFlags {
	readonly out?: string;
	readonly force?: boolean;
}

const MAX_SERVICES = 1_000;
/** Of those that are left out. */
const MAX_NAMED = 20;

/** `antiphon gen ts`: the contracts of a domain as a file for the compiler. */
export function genCommand(program: Command): void {
	withConnection(program.command("gen"))
		.description("write the contracts of a domain as TypeScript with schemas of zod")
		.addArgument(new Argument("<language>", "what to write").choices(["ts"]))
		.argument("[service...]", "default: all that the domain serves")
		.option("--out <file>", "write it there instead of to standard output")
		.option("--force", "write over a file that was not generated")
		.action(async (_language: string, services: readonly string[], flags: GenFlags) => {
			const domain = domainOf(undefined, flags);
			for (const service of services) requireServiceName(service, flags);
			if (flags.out !== undefined) requireOverwritable(flags.out, flags.force === true);
			const contracts = await withNode(flags, (node, deadline) => {
				return services.length > 0 ? named(node, domain, services, deadline) : all(node, domain, deadline);
			});
			const text = contractFile(domain, contracts);
			if (flags.out === undefined) process.stdout.write(text);
			else writeOut(flags.out, text);
		});
}

function requireServiceName(text: string, flags: ConnectionFlags): void {
	const { service } = parseAddress(text, flags);
	if (service !== text) throw new UsageError(`${text} is no name of a service: use dictionary, and --domain for where`);
}

/** @throws BusError also when only one of them is not to be had */
async function named(node: Node, domain: string, services: readonly string[], deadline: Deadline) {
	const contracts: ServiceDescription[] = [];
	for (const service of new Set(services)) {
		const jid = `${service}@${domain}`;
		const contract = await fetchContract(node, jid, { timeoutMs: deadline.remainingMs() });
		const problem = problemWith(jid, contract);
		if (problem !== undefined) throw problem;
		contracts.push(contract);
	}
	return contracts;
}

/** What else the domain has is named on standard error. @throws BusError when nothing is served */
async function all(node: Node, domain: string, deadline: Deadline) {
	const { services, others } = await servicesIn(node, domain, () => ({ timeoutMs: deadline.remainingMs() }));
	const problems = services.flatMap(({ jid, contract }) => {
		const error = problemWith(jid, contract);
		return error === undefined ? [] : [{ jid, error }];
	});
	const leftOut = [...others, ...problems];
	for (const { jid, error } of leftOut.slice(0, MAX_NAMED)) {
		console.error(`without ${printable(jid)}: ${printable(error.message)}`);
	}
	if (leftOut.length > MAX_NAMED) console.error(`and without ${leftOut.length - MAX_NAMED} more`);
	const sound = services.filter(({ jid }) => problems.every((problem) => problem.jid !== jid));
	if (sound.length === 0) throw new BusError("not-found", `${domain} serves nothing that has a contract`);
	if (sound.length <= MAX_SERVICES) return sound.map(({ contract }) => contract);
	throw new BusError("too-large", `${domain} has ${sound.length} services: name at most ${MAX_SERVICES} of them`);
}

/** Why this cannot be the contract of the service at this address. */
function problemWith(jid: string, contract: ServiceDescription): BusError | undefined {
	if (contract.service === Jid.tryParse(jid)?.local) return refusalOf(contract);
	return new BusError("protocol", `${jid} says that it is the service ${contract.service}`);
}
