import {
	decodeStatistics,
	encodeStatisticsRequest,
	type Statistics,
	type StatisticsRequest,
	type TimedNumbers,
} from "@antiphon/protocol";
import type { Node } from "antiphon";
import type { Command } from "commander";
import { UsageError } from "../command-error.js";
import { parseAddress } from "../connect/address.js";
import { type ConnectionFlags, duration, withConnection, withNode } from "../connect/connection.js";
import { domainOf } from "../connect/domain-of.js";
import { watch } from "../connect/watch.js";
import { exitStatusOf } from "../exit-status.js";
import { askDomain } from "../look-up/ask-domain.js";
import { printErrorJson, printResult } from "../output.js";
import { errorLines } from "../print/error.js";
import { screen } from "../print/screen.js";
import { statisticsLines } from "../print/statistics.js";

interface StatsFlags extends ConnectionFlags {
	readonly json?: boolean;
	/** `true` without an interval. */
	readonly watch?: true | number;
}

/** What is asked of which domain. */
interface Target {
	readonly domain: string;
	readonly request: StatisticsRequest;
}

const DEFAULT_EVERY_MS = 2_000;
const MIN_EVERY_MS = 100;

/** `antiphon stats`: what the calls of a domain's functions came to. */
export function statsCommand(program: Command): void {
	withConnection(program.command("stats"))
		.description(
			"show calls, errors, calls in flight and how long calls took, by function and instance; for administrators of the domain",
		)
		.argument(
			"[address]",
			"dictionary or dictionary.define, or with @domain[/instance]; default: all of ANTIPHON_DOMAIN",
		)
		.option("--watch [interval]", "show it again and again until Ctrl-C, every 2s or as said", interval)
		.option("--json", "print one JSON object; with --watch one on each line")
		.action(async (address: string | undefined, flags: StatsFlags) => {
			const target = targetOf(address, flags);
			if (flags.watch !== undefined) return watchStats(target, flags, flags.watch);
			const statistics = await withNode(flags, (node, deadline) => ask(node, target, deadline.remainingMs()));
			printResult(flags.json, asJson(statistics), () => statisticsLines(target.domain, statistics));
			// Of what is registered nobody has told anything.
			const [silent] = statistics.functions.length === 0 ? statistics.silent : [];
			if (silent !== undefined) process.exitCode = exitStatusOf(silent.code);
		});
}

function targetOf(text: string | undefined, flags: StatsFlags): Target {
	if (text === undefined) {
		return { domain: domainOf(undefined, flags), request: { service: undefined, fn: undefined, instance: undefined } };
	}
	const { service, fn, domain, instance } = parseAddress(text, flags);
	return { domain, request: { service, fn, instance } };
}

function interval(text: string): number {
	const everyMs = duration(text, "--watch");
	if (everyMs >= MIN_EVERY_MS) return everyMs;
	throw new UsageError(`--watch ${text}: not more often than every ${MIN_EVERY_MS}ms`);
}

async function watchStats(target: Target, flags: StatsFlags, every: true | number): Promise<void> {
	const show = screen(process.stdout);
	await watch(flags, {
		everyMs: every === true ? DEFAULT_EVERY_MS : every,
		async look(node) {
			const statistics = await ask(node, target, flags.timeout);
			if (flags.json) printResult(true, asJson(statistics), () => []);
			else show(statisticsLines(target.domain, statistics));
		},
		onError(error) {
			if (flags.json) printErrorJson(error);
			else for (const line of errorLines(error, false)) console.error(line);
		},
	});
}

async function ask(node: Node, { domain, request }: Target, timeoutMs: number): Promise<Statistics> {
	const payload = encodeStatisticsRequest(request);
	return decodeStatistics(await askDomain(node, domain, { type: "get", payload, timeoutMs }));
}

function asJson({ functions, silent, ...all }: Statistics) {
	return {
		...numbersOf(all),
		functions: functions.map(({ name, instances, ...sum }) => ({
			function: name,
			...numbersOf(sum),
			instances: instances.map(({ instance, ...numbers }) => ({ instance, ...numbersOf(numbers) })),
		})),
		silent: silent.map(({ service, instance, code, message }) => ({ service, instance, error: { code, message } })),
	};
}

/** What is not there is `null`: each object has the same keys. */
function numbersOf({ calls, errors, running, p50Ms = null, p95Ms = null, lastError = null }: Nullable<TimedNumbers>) {
	return { calls, errors, running, p50Ms, p95Ms, lastError };
}

type Nullable<T> = { readonly [Key in keyof T]: undefined extends T[Key] ? T[Key] | null : T[Key] };
