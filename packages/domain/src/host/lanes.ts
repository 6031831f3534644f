import type { Jid } from "@antiphon/protocol";
import type { Owners } from "../policy/owners.js";
import type { Registry } from "../registry/registry.js";

/**
 * In which lane somebody waits with what he asks of the domain. Providers do not wait for those who only ask: a renewal that
 * comes too late takes out an instance that is well. And accounts of the domain whose bus this is do not wait for those of
 * others, of which there may be as many as somebody likes. Any foreign account may ask; only one that policy lets register
 * becomes a provider.
 */
export function lanes(registry: Registry, owners: Owners, home: string): (who: Jid) => string {
	return (who) => {
		const from = who.domain === home ? "home" : "foreign";
		return registry.hasOf(who) || owners.isOwner(who) ? `providers, ${from}` : from;
	};
}
