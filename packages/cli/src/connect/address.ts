import { Jid } from "antiphon";
import { UsageError } from "../command-error.js";
import type { ConnectionFlags } from "./connection.js";
import { environmentOf } from "./connection.js";

/** What FUNCTION or ADDRESS on the command line means. */
export interface Address {
	readonly service: string;
	/** Absent when a whole service is meant. */
	readonly fn: string | undefined;
	readonly domain: string;
	readonly instance: string | undefined;
	/** As a JID. */
	readonly jid: string;
	/** The JID of its service. */
	readonly serviceJid: string;
}

/**
 * Reads `dictionary.define@fn.localhost/worker-7`, or `dictionary.define` in ANTIPHON_DOMAIN.
 * @throws UsageError
 */
export function parseAddress(text: string, flags: ConnectionFlags): Address {
	const match = /^([^@./\s]+)(?:\.([^@./\s]+))?(?:@([^@/\s]+)(?:\/(.+))?)?$/.exec(text);
	if (match === null) {
		throw new UsageError(`${text} is no address: use dictionary.define, or dictionary.define@fn.localhost`);
	}
	const [, service = "", fn, stated, instance] = match;
	const domain = stated ?? environmentOf(flags)["ANTIPHON_DOMAIN"];
	if (!domain) throw new UsageError(`where is ${text}? Say ${text}@DOMAIN, or set ANTIPHON_DOMAIN or --domain`);
	if (Jid.tryParse(`${service}@${domain}`) === undefined)
		throw new UsageError(`${text} is no address: ${service}@${domain} is no JID`);
	const at = `@${domain}${instance === undefined ? "" : `/${instance}`}`;
	const serviceJid = `${service}${at}`;
	return { service, fn, domain, instance, jid: fn === undefined ? serviceJid : `${service}.${fn}${at}`, serviceJid };
}
