import type { Peer } from "./peer.js";

/** A component's domain: its secret, and the component while one is connected. */
export interface ComponentDomain {
	readonly domain: string;
	readonly secret: string;
	peer: Peer | undefined;
}

/** The component domains of the server. */
export class Components {
	readonly #domains = new Map<string, ComponentDomain>();

	constructor(secrets: ReadonlyMap<string, string>) {
		for (const [domain, secret] of secrets) this.#domains.set(domain, { domain, secret, peer: undefined });
	}

	get(domain: string): ComponentDomain | undefined {
		return this.#domains.get(domain);
	}

	/** The domains that have a component now. */
	connected(): ComponentDomain[] {
		return [...this.#domains.values()].filter((entry) => entry.peer !== undefined);
	}
}
