import { randomBytes } from "node:crypto";
import { iq, NS } from "@antiphon/protocol";
import { xml } from "@antiphon/xml";
import type { ModuleHost } from "../host.js";
import type { Peer } from "../peer.js";

/**
 * Notices peers that are gone without saying so (half-open sockets): who is silent for `pingAfterMs` gets a ping
 * (XEP-0199), and who is silent for another `pingTimeoutMs` is closed. Any byte is a sign of life, not just the answer. The
 * time begins when nothing waits before the ping: others may have sent so much that it is read later. Who takes nothing
 * of what waits is the business of stalled.ts.
 */
export function liveness(host: ModuleHost): void {
	const { pingAfterMs, pingTimeoutMs } = host.limits;
	if (!Number.isFinite(pingAfterMs)) return;
	const sweepMs = Math.max(10, Math.min(500, pingAfterMs / 4, pingTimeoutMs / 4));
	let pinged = new WeakMap<Peer, number>();
	let lastSweepMs = host.now();
	host.every(sweepMs, () => {
		const now = host.now();
		// This process itself stood still (a debugger, SIGSTOP): what was sent meanwhile is still to be read.
		if (now - lastSweepMs > sweepMs + pingTimeoutMs / 2) pinged = new WeakMap();
		lastSweepMs = now;
		for (const peer of [...host.peers()]) {
			if (now - peer.lastHeardMs < pingAfterMs) continue;
			const pingedMs = pinged.get(peer);
			if (pingedMs === undefined || pingedMs < peer.lastHeardMs) {
				pinged.set(peer, now);
				const address = { to: peer.jid.toString(), from: host.domain, id: randomBytes(9).toString("base64url") };
				peer.send(host.compose(iq("get", address, xml("ping", NS.ping))));
			} else if (peer.backlog.queuedBytes > 0) {
				pinged.set(peer, now);
			} else if (now - pingedMs >= pingTimeoutMs) {
				peer.fail("connection-timeout", `no answer to a ping for ${pingTimeoutMs} ms (limits.pingTimeoutMs)`);
			}
		}
	});
}
