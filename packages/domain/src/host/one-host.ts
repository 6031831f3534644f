import { type Link, stanzaId } from "@antiphon/link";
import { decodeHosting, encodeHosting, type Hosting, Jid, message, NS } from "@antiphon/protocol";
import type { NodeModule } from "antiphon/modules";
import { Fence, TICK_MS } from "./fence.js";

/** A domain that a host is about to have. */
export interface OneHost {
	readonly module: NodeModule;
	/** Resolves once the domain is this host's. When it cannot have it, its link ends with `conflict`. */
	readonly held: Promise<void>;
	/** Whether it is now. */
	readonly isHeld: boolean;
}

/** Sees to it that a domain has one host, also where its server would take two. See {@link Fence}. */
export function oneHost(link: Link, domain: string): OneHost {
	const address = Jid.parse(domain);
	const fence = new Fence(stanzaId(), domain);
	let onHeld = () => {};
	const held = new Promise<void>((resolve) => {
		onHeld = resolve;
	});
	const module: NodeModule = (node) => {
		const act = (said: readonly Hosting[]) => {
			for (const each of said) {
				node.send(message({ from: domain, to: domain, type: "headline" }, encodeHosting(each)));
			}
			if (fence.isHeld) onHeld();
			if (fence.conflict !== undefined) link.destroy(fence.conflict);
		};
		node.handle("message", { ns: NS.registry, name: "hosting" }, ({ stanza, payload, from }) => {
			// Not what comes back as an error.
			if (stanza.attr("type") !== "headline" || !from.equals(address)) return;
			act(fence.take(decodeHosting(payload), node.now()));
		});
		node.onOnline(() => act(fence.online(node.now())));
		node.every(TICK_MS, () => {
			if (link.state.state === "online") act(fence.tick(node.now()));
		});
	};
	return {
		module,
		held,
		get isHeld() {
			return fence.isHeld;
		},
	};
}
