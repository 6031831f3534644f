import { isServiceName } from "@antiphon/protocol";
import { BusError, type ContractOptions, type FoundContract, findContract, majorOf, type Node } from "antiphon";
import { UsageError } from "../command-error.js";

/** A number as versions have it. @throws UsageError */
export function major(text: string, option = `--major ${text}`): number {
	if (/^(?:0|[1-9]\d{0,8})$/.test(text)) return Number(text);
	throw new UsageError(`${option}: use the first number of a version, such as 1`);
}

/** The major versions of services that are wanted. */
export type Majors = ReadonlyMap<string, readonly number[]>;

/** Gathers `--major dictionary=1`, which may be repeated, also for one service. @throws UsageError */
export function gatherMajors(text: string, gathered: Majors = new Map()): Majors {
	const [service = "", number, ...rest] = text.split("=");
	if (!isServiceName(service) || number === undefined || rest.length > 0) {
		throw new UsageError(`--major ${text}: use the name of a service and a number, such as dictionary=1`);
	}
	const known = gathered.get(service) ?? [];
	return new Map(gathered).set(service, [...new Set([...known, major(number, `--major ${text}`)])]);
}

/**
 * The contract at an address, of one major version if that is asked for.
 * @throws BusError `not-found` when that is not served there
 */
export async function findMajor(
	node: Node,
	jid: string,
	wanted: number | undefined,
	limits: ContractOptions,
): Promise<FoundContract> {
	if (wanted === undefined) return findContract(node, jid, limits);
	// Whoever serves this major version at all serves the oldest callers of it.
	const found = await findContract(node, jid, { ...limits, version: `${wanted}.0.0` });
	if (majorOf(found.contract.version) === wanted) return found;
	const { contract, versions } = found;
	const message = `${contract.service} has no major version ${wanted} there, but ${versions.join(" and ")}`;
	throw new BusError("not-found", message);
}

/** The versions that are served besides the one of a contract. */
export function otherVersions({ contract, versions }: FoundContract): string[] {
	return versions.filter((version) => majorOf(version) !== majorOf(contract.version));
}
