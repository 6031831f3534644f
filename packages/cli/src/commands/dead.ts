import { BusError } from "antiphon";
import type { Command } from "commander";
import { UsageError } from "../command-error.js";
import { parseCallKey } from "../connect/call-key.js";
import { canAsk, confirmed } from "../connect/confirm.js";
import { withConnection, withNode } from "../connect/connection.js";
import { domainOf } from "../connect/domain-of.js";
import { giveOrder, numbersOf } from "../look-up/durable-calls.js";
import { printResult } from "../output.js";
import { printOrdered } from "../print/orders.js";
import { CALL, type FilterFlags, find, type JsonFlags, printFound, withFilter, withLimit } from "./calls.js";
import { printShown, type ShowFlags, withContents } from "./show-call.js";

interface LsFlags extends FilterFlags {
	readonly limit: number;
}

interface SomeFlags extends FilterFlags {
	readonly all?: boolean;
	readonly yes?: boolean;
}

/** Numbers that a question names. */
const MAX_NAMED = 5;

/** `antiphon dead`: durable calls that were given up. */
export function deadCommand(program: Command): void {
	const dead = program
		.command("dead")
		.description("the dead letters of a domain: durable calls whose attempts are over");
	withLimit(withFilter(withConnection(dead.command("ls"))))
		.description("list dead letters, the oldest first; for administrators of the domain")
		.argument("[domain]", "default: ANTIPHON_DOMAIN")
		.option("--json", "print one JSON array")
		.action(async (argument: string | undefined, flags: LsFlags) => {
			const domain = domainOf(argument, flags);
			printFound(flags, await find(domain, "dead", flags, flags.limit), `${domain} has no such dead letters now`);
		});
	withContents(withConnection(dead.command("show")))
		.description("tell what has become of a dead letter, lease by lease; for administrators of the domain")
		.argument("<call>", CALL)
		.option("--json", "print one JSON object")
		.action(async (text: string, flags: ShowFlags) => {
			await printShown(domainOf(undefined, flags), parseCallKey(text), flags, ({ n, isDead }) => {
				if (!isDead) throw new BusError("not-found", `call ${n} is no dead letter: antiphon calls show tells of it`);
			});
		});
	withAll(withConnection(dead.command("redrive")))
		.description(
			"have dead letters tried again, each as a new call of its sender, and take them off the list; for administrators of the domain",
		)
		.action(async (texts: string[], flags: SomeFlags) => {
			const domain = domainOf(undefined, flags);
			await order("redrive", domain, await chosen(domain, texts, flags), flags);
		});
	withAll(withConnection(dead.command("purge")))
		.description("take dead letters off the list, with their inputs, for good; for administrators of the domain")
		.option("--yes", "do not ask first")
		.action(async (texts: string[], flags: SomeFlags) => {
			const domain = domainOf(undefined, flags);
			if (flags.yes !== true && !canAsk()) {
				throw new UsageError("there is no terminal to ask on: add --yes to purge them without a question");
			}
			const numbers = await chosen(domain, texts, flags);
			if (numbers.length > 0 && flags.yes !== true && !(await confirmed(questionAbout(numbers, domain)))) {
				throw new BusError("cancelled", "nothing was purged", { executed: "no" });
			}
			await order("purge", domain, numbers, flags);
		});
}

function withAll(command: Command): Command {
	return withFilter(command)
		.argument("[call...]", CALL)
		.option("--all", "all dead letters, or all of --function and --from")
		.option("--json", "print one JSON array");
}

/** On a connection of its own: nobody is hurried by a deadline when there is a question. @throws UsageError, BusError */
async function chosen(domain: string, texts: readonly string[], flags: SomeFlags): Promise<number[]> {
	const isFiltered = flags.function !== undefined || flags.from !== undefined;
	if (texts.length > 0 === (flags.all === true)) throw new UsageError("which dead letters? Name them, or say --all");
	if (texts.length === 0) return (await find(domain, "dead", flags)).calls.map(({ n }) => n);
	if (isFiltered) throw new UsageError("--function and --from go with --all, not with calls that are named");
	const keys = texts.map(parseCallKey);
	if (keys.every(({ n }) => n !== undefined)) return [...new Set(keys.map(({ n }) => n as number))];
	return withNode(flags, (node, deadline) => numbersOf(node, domain, keys, deadline));
}

async function order(
	name: "redrive" | "purge",
	domain: string,
	numbers: readonly number[],
	flags: JsonFlags,
): Promise<void> {
	const none = () => [`${domain} has no such dead letters now`];
	if (numbers.length === 0) return printResult(flags.json, [], none);
	const answers = await withNode(flags, (node, deadline) => giveOrder(node, domain, name, numbers, deadline));
	printOrdered(flags.json, name, answers);
}

export function questionAbout(numbers: readonly number[], domain: string): string {
	const more = numbers.length > MAX_NAMED ? ` and ${numbers.length - MAX_NAMED} more` : "";
	const which = `${numbers.slice(0, MAX_NAMED).join(", ")}${more}`;
	const what = numbers.length === 1 ? "1 dead letter" : `${numbers.length} dead letters`;
	return `Purge ${what} in ${domain} (${which})? They cannot be tried again then.`;
}
