import { randomBytes } from "node:crypto";
import { iq, NS } from "@antiphon/protocol";
import { xml } from "@antiphon/xml";
import type { ModuleHost } from "../host/host.js";
import { watchPeers } from "../host/watch-peers.js";
import type { Peer } from "../peers/peer.js";

/**
 * Notices peers that are gone without saying so (half-open sockets): who is silent for `pingAfterMs` gets a ping
 * (XEP-0199), and who is silent for another `pingTimeoutMs` is closed. Any byte is a sign of life, not just the answer. The
 * time begins when nothing waits before the ping: others may have sent so much that it is read later. Who takes nothing
 * of what waits is the business of stalled.ts.
 */
export function liveness(host: ModuleHost): void {
	const { pingAfterMs, pingTimeoutMs } = host.limits;
	if (!Number.isFinite(pingAfterMs)) return;
	const everyMs = Math.max(10, Math.min(500, pingAfterMs / 4, pingTimeoutMs / 4));
	const look = (peer: Peer, nowMs: number, before: { readonly pingedMs: number } | undefined) => {
		if (nowMs - peer.lastHeardMs < pingAfterMs) return undefined;
		if (before === undefined || before.pingedMs < peer.lastHeardMs) {
			const address = { to: peer.jid.toString(), from: host.domain, id: randomBytes(9).toString("base64url") };
			peer.send(host.compose(iq("get", address, xml("ping", NS.ping))));
			return { pingedMs: nowMs };
		}
		if (peer.backlog.queuedBytes > 0) return { pingedMs: nowMs };
		if (nowMs - before.pingedMs >= pingTimeoutMs) {
			peer.fail("connection-timeout", `no answer to a ping for ${pingTimeoutMs} ms (limits.pingTimeoutMs)`);
		}
		return before;
	};
	watchPeers(host, pingTimeoutMs, look, everyMs);
}
