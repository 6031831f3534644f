import { Command, CommanderError } from "commander";
import { UsageError } from "./command-error.js";
import { EXIT_STATUS, EXIT_STATUS_HELP } from "./exit-status.js";
import { reportError } from "./output.js";
import { version } from "./version.js";

/** Loaded when it is used: `antiphon call` shall not wait until the code of an XMPP server has been read. */
const COMMANDS: Readonly<Record<string, () => Promise<(program: Command) => void>>> = {
	dev: async () => (await import("./commands/dev.js")).devCommand,
	server: async () => (await import("./commands/server.js")).serverCommand,
	domain: async () => (await import("./commands/domain.js")).domainCommand,
	call: async () => (await import("./commands/call.js")).callCommand,
	ls: async () => (await import("./commands/ls.js")).lsCommand,
	describe: async () => (await import("./commands/describe.js")).describeCommand,
	ping: async () => (await import("./commands/ping.js")).pingCommand,
	names: async () => (await import("./commands/names.js")).namesCommand,
	nodes: async () => (await import("./commands/nodes.js")).nodesCommand,
	stats: async () => (await import("./commands/stats.js")).statsCommand,
	queues: async () => (await import("./commands/queues.js")).queuesCommand,
	calls: async () => (await import("./commands/calls.js")).callsCommand,
	dead: async () => (await import("./commands/dead.js")).deadCommand,
	drain: async () => (await import("./commands/drain.js")).drainCommand,
	gen: async () => (await import("./commands/gen.js")).genCommand,
};

/**
 * The tree of commands.
 * @param only the command that is meant, where one is known by that name; else they are all there
 * @param quiet says nothing about a wrong command line: the caller does
 */
export async function makeProgram(only?: string, quiet = false): Promise<Command> {
	const program = new Command("antiphon").description("typed calls over XMPP").version(version());
	const names = only !== undefined && Object.hasOwn(COMMANDS, only) ? [only] : Object.keys(COMMANDS);
	for (const name of names) (await COMMANDS[name]?.())?.(program);
	for (const command of allOf(program)) {
		command.addHelpText("after", EXIT_STATUS_HELP).exitOverride();
		if (quiet) command.configureOutput({ writeErr: () => {} });
	}
	return program;
}

/** A command, and those below it. */
function allOf(command: Command): Command[] {
	return [command, ...command.commands.flatMap(allOf)];
}

/** Runs one command line; sets the exit status. Never rejects. */
export async function run(args: readonly string[]): Promise<void> {
	const json = asksForJson(args);
	try {
		const program = await makeProgram(args[0], json);
		await program.parseAsync(args, { from: "user" });
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
