import { escaped } from "@antiphon/protocol";
import { BusError, untyped } from "antiphon";
import type { Command } from "commander";
import { UsageError } from "../command-error.js";
import { type Address, parseAddress } from "../connect/address.js";
import { type ConnectionFlags, withConnection, withNode } from "../connect/connection.js";
import { tapped } from "../connect/tap.js";
import { contractAt, functionIn } from "../look-up/contract-at.js";
import { major } from "../look-up/major.js";
import { printResult } from "../output.js";
import { stanzaLines } from "../print/stanza.js";

interface CallFlags extends ConnectionFlags {
	readonly json?: boolean;
	readonly traceStanzas?: boolean;
	readonly major?: number;
}

/** `antiphon call`: one call, checked by the provider, from nothing but its address. */
export function callCommand(program: Command): void {
	withConnection(program.command("call"))
		.description("call a function and print its reply")
		.argument("<function>", "dictionary.define (in ANTIPHON_DOMAIN) or dictionary.define@fn.localhost[/instance]")
		.argument("[input]", "the input as JSON; left out for a function that takes none")
		.option("--major <number>", "of several major versions this one; default: the newest", (text) => major(text))
		.option("--json", 'print exactly one JSON value: the reply, or {"error": …}')
		.option("--trace-stanzas", "print the stanzas to standard error")
		.action(async (target: string, text: string | undefined, flags: CallFlags) => {
			const address = parseAddress(target, flags);
			if (address.fn === undefined)
				throw new UsageError(`${target} is a service: say which function, as ${target}.FUNCTION`);
			const input = parseInput(text);
			const reply = await callOnce(address, input, flags);
			printResult(flags.json, reply, (value) => [
				value === undefined ? "done" : escaped(JSON.stringify(value, undefined, 2)),
			]);
		});
}

async function callOnce(address: Address, input: unknown, flags: CallFlags): Promise<unknown> {
	return withNode(
		flags,
		async (node, deadline) => {
			const { contract: description } = await contractAt(node, address, flags.major, deadline);
			const [name] = functionIn(description, address);
			const { domain, instance } = address;
			const client = node.client(untyped(description), {
				domain,
				...(instance === undefined ? {} : { instance }),
				encoding: "json",
			});
			const call = client[name] as (input: unknown, options: { timeoutMs: number }) => Promise<unknown>;
			return call(input, { timeoutMs: deadline.remainingMs() });
		},
		{ wrap: (link) => (flags.traceStanzas ? tapped(link, trace) : link) },
	);
}

function trace(direction: "sent" | "received", stanza: Parameters<typeof stanzaLines>[0]): void {
	console.error(`--- ${direction}`);
	for (const line of stanzaLines(stanza)) console.error(line);
}

function parseInput(text: string | undefined): unknown {
	if (text === undefined) return undefined;
	try {
		return JSON.parse(text);
	} catch (cause) {
		throw new BusError("invalid-argument", `the input is not JSON: ${text.slice(0, 80)}`, { cause });
	}
}
