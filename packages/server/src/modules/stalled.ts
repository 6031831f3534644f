import type { ModuleHost } from "../host.js";
import type { Peer } from "../peer.js";

/**
 * Closes peers for which something waits and that have taken nothing from their socket for `stallTimeoutMs`, though they
 * may go on sending. Who reads, however slowly, stays: what does not fit is the business of those who send it.
 */
export function stalled(host: ModuleHost): void {
	const { stallTimeoutMs } = host.limits;
	const sweepMs = Math.max(10, Math.min(1000, stallTimeoutMs / 4));
	let seen = new WeakMap<Peer, { readonly takenBytes: number; readonly sinceMs: number }>();
	let lastSweepMs = host.now();
	host.every(sweepMs, () => {
		const now = host.now();
		// This process itself stood still (a debugger, SIGSTOP): nobody could take anything.
		if (now - lastSweepMs > sweepMs + stallTimeoutMs / 2) seen = new WeakMap();
		lastSweepMs = now;
		for (const peer of [...host.peers()]) {
			const { queuedBytes, takenBytes } = peer.backlog;
			const before = seen.get(peer);
			if (queuedBytes === 0) {
				seen.delete(peer);
			} else if (before === undefined || before.takenBytes !== takenBytes) {
				seen.set(peer, { takenBytes, sinceMs: now });
			} else if (now - before.sinceMs >= stallTimeoutMs) {
				const what = `${queuedBytes} bytes wait, and none was taken for ${stallTimeoutMs} ms`;
				peer.fail("resource-constraint", `${what} (limits.stallTimeoutMs)`);
			}
		}
	});
}
