import { lookup } from "node:dns/promises";
import { checkStateFile } from "@antiphon/domain";
import { isLoopback } from "@antiphon/protocol";
import { BusError } from "antiphon";
import { UsageError } from "../command-error.js";
import type { DomainConfig } from "./read.js";

/**
 * Looks for what the start of a host would refuse besides, without connecting: a state file that cannot be read, and a
 * secret that would go over a network without TLS.
 * @returns what could not be looked at. @throws UsageError that names the key
 */
export async function checkStart(config: DomainConfig, file: string): Promise<string[]> {
	const { stateFile } = config;
	if (stateFile !== undefined) {
		await checkStateFile(stateFile).catch((thrown: unknown) => {
			throw new UsageError(`${file}: stateFile: ${BusError.from(thrown).message}`);
		});
	}
	const { protocol, hostname } = new URL(config.url);
	if (protocol !== "xmpp:" || config.plaintext === "everywhere") return [];
	if (config.plaintext === "nowhere") throw plaintextRefused(file, "ca is given, so it has to be encrypted");
	const host = hostname.replace(/^\[(.*)\]$/, "$1");
	const addresses = await lookup(host, { all: true }).catch(() => []);
	if (addresses.length === 0) return [`url: ${host} has no address now, so it is not known whether it is this machine`];
	if (addresses.some(({ address }) => isLoopback(address))) return [];
	throw plaintextRefused(file, `${host} is not this machine`);
}

function plaintextRefused(file: string, why: string): UsageError {
	return new UsageError(
		`${file}: url: ${why}, and xmpp:// has no TLS for components: use xmpps://, or insecure: true if you must`,
	);
}
