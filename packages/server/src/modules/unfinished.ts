import type { ModuleHost } from "../host/host.js";
import { watchPeers } from "../host/watch-peers.js";

/**
 * Closes peers that begin a stanza and do not end it within `stanzaTimeoutMs`, though bytes may come all the time: what
 * there is of it takes memory.
 */
export function unfinished(host: ModuleHost): void {
	const { stanzaTimeoutMs } = host.limits;
	watchPeers<{ readonly sinceMs: number; readonly seenMs: number }>(host, stanzaTimeoutMs, (peer, nowMs, before) => {
		const sinceMs = peer.unfinishedSinceMs;
		if (sinceMs === undefined) return undefined;
		if (before?.sinceMs !== sinceMs) return { sinceMs, seenMs: nowMs };
		if (nowMs - before.seenMs >= stanzaTimeoutMs) {
			peer.fail("connection-timeout", `a stanza has no end after ${stanzaTimeoutMs} ms (limits.stanzaTimeoutMs)`);
		}
		return before;
	});
}
