import { createDomain, type Domain } from "@antiphon/domain";
import { lmdbStore } from "@antiphon/store";
import { BusError, type Link, type Log, lineLog, memoryStore } from "antiphon";
import type { Command } from "commander";
import { UsageError } from "../command-error.js";
import { untilAnotherSignal, untilSignal } from "../connect/until-signal.js";
import { checkStart } from "../domain-config/check.js";
import { type DomainConfig, readDomainConfig, storeOptions } from "../domain-config/read.js";
import { reload } from "../domain-config/reload.js";
import { EXIT_STATUS } from "../exit-status.js";
import { checkedStore } from "../hosting/check-store.js";
import { untilHangUp } from "../hosting/hang-up.js";
import { printResult } from "../output.js";
import { storeJson, storeLines } from "../print/store.js";

const ENDING = ["SIGINT", "SIGTERM"] as const;

interface DomainFlags {
	readonly config: string;
	readonly check?: boolean;
	readonly checkStore?: boolean;
	readonly json?: boolean;
}

/** `antiphon domain`: the host of a domain, beside any XMPP server. */
export function domainCommand(program: Command): void {
	program
		.command("domain")
		.description("host a domain: providers register there, callers find them")
		.requiredOption(
			"--config <file>",
			"its config file, YAML or JSON: docs/operating.md. SIGHUP has its rules of access read again",
		)
		.option("--check", "check the file and end; status 0 if it can be used")
		.option(
			"--check-store",
			"read all that is kept of durable calls, while the domain is stopped, and end; status 0 if it is sound",
		)
		.option("--json", "with --check-store: print one JSON object")
		.action(async ({ config: file, check, checkStore, json }: DomainFlags) => {
			if (check && checkStore) throw new UsageError("--check and --check-store are two checks: ask for one at a time");
			if (json && !checkStore) throw new UsageError("--json goes with --check-store alone");
			const config = readDomainConfig(file);
			if (checkStore) {
				const isSound = await printStore(config, file, json);
				process.exitCode = isSound ? EXIT_STATUS.ok : EXIT_STATUS.failed;
				return;
			}
			if (check) {
				for (const warning of [...config.warnings, ...(await checkStart(config, file))])
					console.error(`antiphon: ${warning}`);
				console.log(`${file} can be used: it hosts ${config.domain} at ${config.url}`);
				return;
			}
			await host(config, file);
		});
}

/** @returns whether it is sound */
async function printStore(config: DomainConfig, file: string, json: boolean | undefined): Promise<boolean> {
	const checked = await checkedStore(config, file);
	if (typeof checked === "string") {
		printResult(json, { file: checked, sound: true, records: 0 }, () => [
			`${checked} is not there: nothing is kept yet`,
		]);
		return true;
	}
	printResult(json, storeJson(checked), () => storeLines(checked));
	return checked.problemsFound === 0;
}

async function host(config: DomainConfig, file: string): Promise<void> {
	const log = lineLog(config.domain, config.log);
	for (const warning of config.warnings) log.warn(warning);
	let domain: Domain | undefined;
	let isAsked = false;
	const readAgain = () => {
		isAsked = domain === undefined;
		if (domain !== undefined) reload(file, config, domain, log);
	};
	const stop = Promise.race([untilSignal(ENDING), untilHangUp(readAgain)]);
	const link = config.link();
	const hosted = await Promise.race([connected(config, link, file, log), stop]);
	if (hosted === undefined) {
		link.destroy();
		throw new BusError("cancelled", "interrupted before the domain was online");
	}
	domain = hosted;
	console.log(`hosting ${domain.name} at ${config.url}, ${domain.instances} instances`);
	// While it was on its way.
	if (isAsked) readAgain();
	const cause = await Promise.race([stop, domain.closed]);
	// What is being passed on still gets its answers, unless somebody has no time for that.
	const isCut = await Promise.race([domain.drain(), untilAnotherSignal(ENDING).then(() => true)]);
	if (isCut) {
		await domain.close();
		throw new BusError("cancelled", "cut short by another signal: calls that were being passed on have got no answer");
	}
	if (cause !== undefined) throw cause;
}

async function connected(config: DomainConfig, link: Link, file: string, log: Log): Promise<Domain> {
	const { access, owners, limits, stateFile, store } = config;
	const bytes = storeOptions(config);
	try {
		return await createDomain({
			link,
			owners,
			limits,
			log,
			store: store === undefined ? memoryStore(bytes) : lmdbStore(store, bytes),
			...(access && { access }),
			...(stateFile !== undefined && { stateFile }),
		});
	} catch (thrown) {
		const error = BusError.from(thrown);
		// All that can be wrong with the options stands in the file.
		throw error.code === "invalid-argument" ? new UsageError(`${file}: ${error.message}`) : error;
	}
}
