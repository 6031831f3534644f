import { Command, CommanderError } from "commander";
import { UsageError } from "./command-error.js";
import { callCommand } from "./commands/call.js";
import { describeCommand } from "./commands/describe.js";
import { devCommand } from "./commands/dev.js";
import { domainCommand } from "./commands/domain.js";
import { drainCommand } from "./commands/drain.js";
import { genCommand } from "./commands/gen.js";
import { lsCommand } from "./commands/ls.js";
import { nodesCommand } from "./commands/nodes.js";
import { pingCommand } from "./commands/ping.js";
import { serverCommand } from "./commands/server.js";
import { statsCommand } from "./commands/stats.js";
import { EXIT_STATUS, EXIT_STATUS_HELP } from "./exit-status.js";
import { reportError } from "./output.js";
import { version } from "./version.js";

const COMMANDS = [
	devCommand,
	serverCommand,
	domainCommand,
	callCommand,
	lsCommand,
	describeCommand,
	pingCommand,
	nodesCommand,
	statsCommand,
	drainCommand,
	genCommand,
];

/** The tree of commands. @param quiet says nothing about a wrong command line: the caller does */
export function makeProgram(quiet = false): Command {
	const program = new Command("antiphon").description("typed calls over XMPP").version(version());
	for (const add of COMMANDS) add(program);
	for (const command of [program, ...program.commands]) {
		command.addHelpText("after", EXIT_STATUS_HELP).exitOverride();
		if (quiet) command.configureOutput({ writeErr: () => {} });
	}
	return program;
}

/** Runs one command line; sets the exit status. Never rejects. */
export async function run(args: readonly string[]): Promise<void> {
	const json = asksForJson(args);
	try {
		await makeProgram(json).parseAsync(args, { from: "user" });
	} catch (error) {
		if (!(error instanceof CommanderError)) return reportError(error, json, args[0] === "call");
		// Help was asked for and printed.
		if (error.exitCode === 0) return;
		process.exitCode = EXIT_STATUS.usage;
		if (json) reportError(new UsageError(error.message.replace(/^error: /, "")), json);
	}
}

/** Known before the command line is parsed, since that may fail. What stands behind `--` is no option. */
function asksForJson(args: readonly string[]): boolean {
	const end = args.indexOf("--");
	return (end === -1 ? args : args.slice(0, end)).includes("--json");
}
