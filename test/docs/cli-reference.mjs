import { makeProgram } from "@antiphon/cli";
import { table } from "./table.mjs";

/** The commands with their arguments and options, what they share, and the exit status: as the command tree has it. */
export async function cliReference() {
	const program = await makeProgram();
	const commands = program.commands.flatMap(leavesOf);
	const users = (option) => commands.filter(({ options }) => options.some(({ long }) => long === option.long));
	// What every command with a connection takes; "--json" means something else to each.
	const withConnection = users({ long: "--url" });
	const isShared = (option) =>
		withConnection.every((command) => users(option).includes(command)) && option.long !== "--json";
	const shared = withConnection[0].options.filter(isShared);
	const sections = commands.map((command) => {
		const connects = withConnection.includes(command);
		// A name that is shared may mean something else to a command without a connection.
		const options = command.options.filter((option) => !connects || !isShared(option));
		const more = connects ? "\n\nAnd [the options of a connection](#options-of-a-connection)." : "";
		return `${intro(command)}\n\n${parameters(command, options)}${more}`;
	});
	sections.push(`## Options of a connection\n\n${parameters(withConnection[0], shared, [])}`);
	return [...sections, `## Exit status\n\n${exitStatus(program)}`].join("\n\n");
}

/** What can be run: a command, or those below it. */
function leavesOf(command) {
	return command.commands.length === 0 ? [command] : command.commands.flatMap(leavesOf);
}

/** `antiphon names ls` */
const nameOf = (command) => (command.parent === null ? command.name() : `${nameOf(command.parent)} ${command.name()}`);

function intro(command) {
	const usage = command.createHelp().commandUsage(command);
	return `## ${nameOf(command)}\n\n\`${usage}\`: ${command.description()}.`;
}

function parameters(command, options, positional = command.createHelp().visibleArguments(command)) {
	const help = command.createHelp();
	const term = (argument) => (argument.required ? `<${argument.name()}>` : `[${argument.name()}]`);
	return table(
		["", "meaning"],
		[
			...positional.map((argument) => [`\`${term(argument)}\``, help.argumentDescription(argument)]),
			...options.map((option) => [`\`${help.optionTerm(option)}\``, describe(help, option)]),
		],
	);
}

function describe(help, option) {
	return help.optionDescription(option).replace(" (default: {})", "");
}

/** From what `--help` says. */
function exitStatus(program) {
	let help = "";
	const writeOut = (text) => {
		help += text;
	};
	program.configureOutput({ writeOut }).outputHelp();
	const statuses = help.slice(help.indexOf("Exit status:")).matchAll(/^ +(\d+) {2}(.*)$/gm);
	return table(
		["status", "meaning"],
		[...statuses].map(([, status, meaning]) => [status, meaning]),
	);
}
