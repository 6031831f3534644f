import type { ModuleHost } from "../host/host.js";
import { watchPeers } from "../host/watch-peers.js";

/**
 * Closes peers for which something waits and that have taken nothing from their socket for `stallTimeoutMs`, though they
 * may go on sending. Who reads, however slowly, stays: what does not fit is the business of those who send it.
 */
export function stalled(host: ModuleHost): void {
	const { stallTimeoutMs } = host.limits;
	watchPeers<{ readonly takenBytes: number; readonly sinceMs: number }>(host, stallTimeoutMs, (peer, nowMs, before) => {
		const { queuedBytes, takenBytes } = peer.backlog;
		if (queuedBytes === 0) return undefined;
		if (before?.takenBytes !== takenBytes) return { takenBytes, sinceMs: nowMs };
		if (nowMs - before.sinceMs >= stallTimeoutMs) {
			const what = `${queuedBytes} bytes wait, and none was taken for ${stallTimeoutMs} ms`;
			peer.fail("resource-constraint", `${what} (limits.stallTimeoutMs)`);
		}
		return before;
	});
}
