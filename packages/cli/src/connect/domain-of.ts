import { Jid } from "antiphon";
import { UsageError } from "../command-error.js";
import { type ConnectionFlags, environmentOf } from "./connection.js";

/**
 * The domain that a command is about: the one that was named, or the one of the connection.
 * @param instead what to do for what is no domain, said after the rest. @throws UsageError
 */
export function domainOf(named: string | undefined, flags: ConnectionFlags, instead = ""): string {
	const domain = named ?? environmentOf(flags)["ANTIPHON_DOMAIN"];
	if (!domain) throw new UsageError("which domain? Set ANTIPHON_DOMAIN or --domain, such as --domain fn.localhost");
	const jid = Jid.tryParse(domain);
	if (jid !== undefined && jid.local === undefined && jid.resource === undefined) return jid.toString();
	throw new UsageError(`${domain} is no domain: use one such as fn.localhost${instead}`);
}
