import { CALL_LISTS, type CallListName, type CallsRequest, isQualifiedName, type Order } from "@antiphon/protocol";
import { BusError, Jid } from "antiphon";
import { type Command, Option } from "commander";
import { UsageError } from "../command-error.js";
import { parseCallKey } from "../connect/call-key.js";
import { canAsk, confirmed } from "../connect/confirm.js";
import { type ConnectionFlags, withConnection, withNode } from "../connect/connection.js";
import { domainOf } from "../connect/domain-of.js";
import { cancelCalls, numbersIn } from "../look-up/cancel-calls.js";
import { type CallsFound, giveOrder, listCalls, numbersOf } from "../look-up/durable-calls.js";
import { printResult } from "../output.js";
import { callJson, callTable } from "../print/calls.js";
import { printMany, printOrdered } from "../print/orders.js";
import { printShown, type ShowFlags, withContents } from "./show-call.js";

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

interface CancelFlags extends FilterFlags {
	readonly all?: boolean;
	readonly state?: CallListName;
	readonly yes?: boolean;
}

const MAX_LIMIT = 100_000;
/** Lists of what has no outcome. */
const OPEN_LISTS = CALL_LISTS.filter((list) => list !== "settled" && list !== "dead");
/** What names a call on the command line. */
export const CALL =
	"its number, caller@example.org/ID, or ID:service@domain of the account that asks; in ANTIPHON_DOMAIN";

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
	withContents(withConnection(calls.command("show")))
		.description("tell what has become of a durable call, lease by lease; for administrators of the domain")
		.argument("<call>", CALL)
		.option("--json", "print one JSON object")
		.action(async (text: string, flags: ShowFlags) => {
			await printShown(domainOf(undefined, flags), parseCallKey(text), flags);
		});
	withFilter(withConnection(calls.command("cancel")))
		.description("settle durable calls as cancelled; for administrators of the domain")
		.argument("[call...]", CALL)
		.option("--all", "all without an outcome, or all of --function, --from and --state; asks first")
		.addOption(new Option("--state <state>", "with --all: those in this state alone").choices(OPEN_LISTS))
		.option("--yes", "with --all: do not ask first")
		.option("--json", "print one JSON array")
		.action(async (texts: string[], flags: CancelFlags) => {
			const domain = domainOf(undefined, flags);
			if (texts.length > 0 === (flags.all === true)) throw new UsageError("which calls? Name them, or say --all");
			if (flags.all === true) return cancelAll(domain, flags);
			if (flags.function !== undefined || flags.from !== undefined || flags.state !== undefined) {
				throw new UsageError("--function, --from and --state go with --all, not with calls that are named");
			}
			await orderNamed("cancel", domain, texts, flags);
		});
	withConnection(calls.command("retry"))
		.description("have durable calls that wait for their back-off tried again now; for administrators of the domain")
		.argument("<call...>", CALL)
		.option("--json", "print one JSON array")
		.action((texts: string[], flags: JsonFlags) => orderNamed("retry", domainOf(undefined, flags), texts, flags));
}

async function orderNamed(name: Order, domain: string, texts: readonly string[], flags: JsonFlags): Promise<void> {
	const keys = texts.map(parseCallKey);
	const answers = await withNode(flags, async (node, deadline) =>
		giveOrder(node, domain, name, await numbersOf(node, domain, keys, deadline), deadline),
	);
	printOrdered(flags.json, name, answers);
}

/** Twice on a connection of its own: nobody is hurried by a deadline when there is a question. @throws UsageError, BusError */
async function cancelAll(domain: string, flags: CancelFlags): Promise<void> {
	if (flags.yes !== true && !canAsk()) {
		throw new UsageError("there is no terminal to ask on: add --yes to cancel them without a question");
	}
	const request = requestOf(flags.state ?? "open", flags);
	const numbers = await withNode(flags, (node, deadline) => numbersIn(node, domain, request, deadline));
	if (numbers.length === 0) return printResult(flags.json, [], () => [`${domain} has no such calls now`]);
	if (flags.yes !== true && !(await confirmed(cancelQuestion(numbers.length, domain, flags)))) {
		throw new BusError("cancelled", "nothing was cancelled", { executed: "no" });
	}
	printMany(flags.json, await withNode(flags, (node, deadline) => cancelCalls(node, domain, numbers, deadline)));
}

export function cancelQuestion(
	count: number,
	domain: string,
	{ function: fn, from, state }: Pick<CancelFlags, "function" | "from" | "state">,
): string {
	const what = `${count} ${count === 1 ? "call" : "calls"} without an outcome`;
	const which = [fn && `of ${fn}`, from && `from ${from}`, state && `${state} now`].filter(Boolean).join(", ");
	const ending = "Their callers are told so, and what an instance has may have run.";
	return `Cancel ${what} in ${domain}${which === "" ? "" : ` (${which})`}? ${ending}`;
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

/** @throws UsageError */
function requestOf(list: CallListName, flags: FilterFlags): CallsRequest {
	return { list, fn: functionIn(flags.function), sender: senderIn(flags.from) };
}

/** @throws UsageError, BusError */
export function find(domain: string, list: CallListName, flags: FilterFlags, limit = MAX_LIMIT): Promise<CallsFound> {
	const request = requestOf(list, flags);
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
