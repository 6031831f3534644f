import { CALL_LISTS, type CallListName, type CallsRequest, isQualifiedName, type Order } from "@antiphon/protocol";
import { Jid } from "antiphon";
import { type Command, Option } from "commander";
import { UsageError } from "../command-error.js";
import { parseCallKey } from "../connect/call-key.js";
import { type ConnectionFlags, withConnection, withNode } from "../connect/connection.js";
import { domainOf } from "../connect/domain-of.js";
import { type CallsFound, giveOrder, listCalls, numbersOf, showCall } from "../look-up/durable-calls.js";
import { printResult } from "../output.js";
import { callJson, callTable, shownJson } from "../print/calls.js";
import { printOrdered } from "../print/orders.js";
import { storyLines } from "../print/story.js";

export interface JsonFlags extends ConnectionFlags {
	readonly json?: boolean;
}

/** Which calls of a list. */
export interface FilterFlags extends JsonFlags {
	readonly function?: string;
	readonly from?: string;
}

interface LsFlags extends FilterFlags {
	readonly state: CallListName;
	readonly limit: number;
}

const MAX_LIMIT = 100_000;
/** What names a call on the command line. */
export const CALL = "its number, or caller@example.org/ID, in ANTIPHON_DOMAIN";

/** `antiphon calls`: the durable calls of a domain. */
export function callsCommand(program: Command): void {
	const calls = program.command("calls").description("the durable calls of a domain");
	withLimit(withFilter(withConnection(calls.command("ls"))))
		.description("list durable calls, those that expire soonest first; for administrators of the domain")
		.argument("[domain]", "default: ANTIPHON_DOMAIN")
		.addOption(
			new Option("--state <state>", "open: all without an outcome; or those in one state")
				.choices(CALL_LISTS)
				.default("open"),
		)
		.option("--json", "print one JSON array")
		.action(async (argument: string | undefined, flags: LsFlags) => {
			const domain = domainOf(argument, flags);
			const found = await find(domain, flags.state, flags, flags.limit);
			printFound(flags, found, `${domain} has no such calls now`);
		});
	withConnection(calls.command("show"))
		.description("tell what has become of a durable call, lease by lease; for administrators of the domain")
		.argument("<call>", CALL)
		.option("--json", "print one JSON object")
		.action(async (text: string, flags: JsonFlags) => {
			const [domain, key] = [domainOf(undefined, flags), parseCallKey(text)];
			const call = await withNode(flags, (node, deadline) => showCall(node, domain, key, deadline));
			printResult(flags.json, shownJson(call), () => storyLines(call));
		});
	order(calls, "cancel", "settle durable calls as cancelled");
	order(calls, "retry", "have durable calls that wait for their back-off tried again now");
}

function order(calls: Command, name: Order, what: string): void {
	withConnection(calls.command(name))
		.description(`${what}; for administrators of the domain`)
		.argument("<call...>", CALL)
		.option("--json", "print one JSON array")
		.action(async (texts: string[], flags: JsonFlags) => {
			const [domain, keys] = [domainOf(undefined, flags), texts.map(parseCallKey)];
			const answers = await withNode(flags, async (node, deadline) =>
				giveOrder(node, domain, name, await numbersOf(node, domain, keys, deadline), deadline),
			);
			printOrdered(flags.json, name, answers);
		});
}

export function withFilter(command: Command): Command {
	return command
		.option("--function <function>", "those of this function, such as dictionary.learn")
		.option("--from <jid>", "those of this account");
}

export function withLimit(command: Command): Command {
	const limit = new Option("--limit <number>", "how many at most").default(100);
	return command.addOption(limit.argParser(parseLimit));
}

function parseLimit(text: string): number {
	const limit = /^\d{1,6}$/.test(text) ? Number(text) : 0;
	if (limit >= 1 && limit <= MAX_LIMIT) return limit;
	throw new UsageError(`--limit ${text}: use 1 to ${MAX_LIMIT}`);
}

/** @throws UsageError, BusError */
export function find(domain: string, list: CallListName, flags: FilterFlags, limit = MAX_LIMIT): Promise<CallsFound> {
	const request: CallsRequest = { list, fn: functionIn(flags.function), sender: senderIn(flags.from) };
	return withNode(flags, (node, deadline) => listCalls(node, domain, request, limit, deadline));
}

export function printFound({ json }: JsonFlags, { calls, isCut }: CallsFound, none: string): void {
	printResult(json, calls.map(callJson), () => [calls.length === 0 ? none : callTable(calls)]);
	if (isCut) console.error(`there may be more than ${calls.length}: --limit shows them`);
}

function functionIn(text: string | undefined): string | undefined {
	if (text === undefined || isQualifiedName(text)) return text;
	throw new UsageError(`--function ${text}: use a name such as dictionary.learn`);
}

function senderIn(text: string | undefined): string | undefined {
	const jid = text === undefined ? undefined : Jid.tryParse(text);
	if (text === undefined || (jid !== undefined && jid.resource === undefined)) return jid?.toString();
	throw new UsageError(`--from ${text}: use an account such as caller@example.org`);
}
