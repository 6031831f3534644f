import { type Link, stanzaId } from "@antiphon/link";
import { BusError, type Jid } from "@antiphon/protocol";

/** Under which JID a node is reached: that of its link, or, where the link owns a domain, an address of its own in that. */
export class NodeAddress {
	/** The resource in an owned domain. */
	readonly resource = stanzaId();
	readonly #kind: Link["kind"];
	/** The last one, from the first time online until the end. */
	#jid: Jid | undefined;

	constructor({ kind }: Link) {
		this.#kind = kind;
	}

	get jid(): Jid | undefined {
		return this.#jid;
	}

	/** @throws BusError `link-lost` once the node is closed */
	get self(): Jid {
		if (this.#jid !== undefined) return this.#jid;
		throw new BusError("link-lost", "the node is closed", { executed: "no" });
	}

	/** The `from` of what the node asks; a client's server stamps it. */
	get from(): Jid | undefined {
		return this.#kind === "component" ? this.#jid : undefined;
	}

	/** The link is online. */
	online(linkJid: Jid): void {
		const isDomain = linkJid.local === undefined && linkJid.resource === undefined;
		this.#jid = isDomain ? linkJid.withResource(this.resource) : linkJid;
	}

	/** The node is closed. @returns whether it had one */
	end(): boolean {
		const had = this.#jid !== undefined;
		this.#jid = undefined;
		return had;
	}
}
