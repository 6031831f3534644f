import type { Domain } from "@antiphon/domain";
import { BusError, type Log } from "antiphon";
import { UsageError } from "../command-error.js";
import { type DomainConfig, readDomainConfig } from "./read.js";

/** What a running host does not take over. */
const AT_START = [
	"url",
	"domain",
	"owners",
	"limits",
	"stateFile",
	"store",
	"storeMaxBytes",
	"storeReserveBytes",
	"log",
] as const;

/** Who may do what if the file says nothing of it. */
const LISTS = ["register", "call"] as const;
const openedUp = (list: (typeof LISTS)[number]) =>
	`it had access.${list} and has none now, so every account of the domain above may ${list}. If that is a mistake, write it again`;

/**
 * Reads a config file again, and has a domain go by its rules of access. A file that cannot be used changes nothing. What
 * comes of it is said in the log. Never throws.
 * @param started what the file said when the host was started
 */
export function reload(file: string, started: DomainConfig, domain: Pick<Domain, "setAccess">, log: Log): void {
	try {
		const read = readDomainConfig(file);
		domain.setAccess(read.access);
		for (const warning of read.warnings) log.warn(warning);
		const others = AT_START.filter((key) => JSON.stringify(read[key]) !== JSON.stringify(started[key]));
		log.info(`${file} was read again: its rules of access hold from now on`);
		const gone = LISTS.filter((list) => started.access?.[list] !== undefined && read.access?.[list] === undefined);
		for (const list of gone) log.warn(`${file}: ${openedUp(list)}`);
		if (others.length > 0) log.warn(`${file}: ${others.join(", ")} changed, too: start the host again for that`);
	} catch (thrown) {
		const problems =
			thrown instanceof UsageError ? [thrown.message, ...thrown.others] : [BusError.from(thrown).message];
		for (const problem of problems) log.error(problem);
		log.error(`${file} cannot be used: the rules of access stay as they were`);
	}
}
