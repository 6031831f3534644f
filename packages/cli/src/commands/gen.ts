import { Argument, type Command } from "commander";
import { UsageError } from "../command-error.js";
import { parseAddress } from "../connect/address.js";
import { type ConnectionFlags, withConnection, withNode } from "../connect/connection.js";
import { domainOf } from "../connect/domain-of.js";
import { contractFile } from "../gen/contract-file.js";
import { gather } from "../gen/gather.js";
import { requireOverwritable, writeOut } from "../gen/out-file.js";
import { gatherMajors, type Majors } from "../look-up/major.js";
import { printable } from "../print/printable.js";

interface GenFlags extends ConnectionFlags {
	readonly out?: string;
	readonly force?: boolean;
	readonly major?: Majors;
}

/** `antiphon gen ts`: the contracts of a domain as a file for the compiler. */
export function genCommand(program: Command): void {
	withConnection(program.command("gen"))
		.description("write the contracts of a domain as TypeScript with schemas of zod")
		.addArgument(new Argument("<language>", "what to write").choices(["ts"]))
		.argument("[service...]", "default: all that the domain serves")
		.option(
			"--major <service=number>",
			"of a service with several major versions this one; may be repeated; default: the newest",
			gatherMajors,
		)
		.option("--out <file>", "write it there instead of to standard output")
		.option("--force", "write over a file that was not generated")
		.action(async (_language: string, services: readonly string[], flags: GenFlags) => {
			const domain = domainOf(undefined, flags);
			for (const service of services) requireServiceName(service, flags);
			const majors = flags.major ?? new Map();
			requireMentioned(majors, services);
			if (flags.out !== undefined) requireOverwritable(flags.out, flags.force === true);
			const wanted = { domain, services, majors };
			const { contracts, notes } = await withNode(flags, (node, deadline) => gather(node, wanted, deadline));
			for (const note of notes) console.error(printable(note));
			const text = contractFile(domain, contracts);
			if (flags.out === undefined) process.stdout.write(text);
			else writeOut(flags.out, text);
		});
}

function requireServiceName(text: string, flags: ConnectionFlags): void {
	const { service } = parseAddress(text, flags);
	if (service !== text) throw new UsageError(`${text} is no name of a service: use dictionary, and --domain for where`);
}

/** @throws UsageError for a version of what is not to be written */
function requireMentioned(majors: Majors, services: readonly string[]): void {
	const other = [...majors.keys()].find((service) => services.length > 0 && !services.includes(service));
	if (other !== undefined) throw new UsageError(`--major ${other}=…: ${other} is none of the services that are named`);
}
