import type { Jid } from "@antiphon/protocol";
import type { DomainHost } from "./domain-host.js";

/** @param what is asked for, as in `may not …`. @throws BusError `forbidden`, counted and logged */
export function requireAdmin({ policy, deny, domain }: DomainHost, who: Jid, what: string): void {
	if (!policy.isAdmin(who)) deny(`${who.bare()} may not ${what}: it is no administrator of ${domain}`);
}
