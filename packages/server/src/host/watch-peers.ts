import type { Peer } from "../peers/peer.js";
import type { ModuleHost } from "./host.js";

/**
 * Looks at everybody who is logged in, again and again, beside what was noted of each the last time.
 *
 * When this process itself stood still for half of `timeoutMs` (a debugger, SIGSTOP), nothing that was noted counts any
 * more: what was sent meanwhile has not been read, and nobody could take anything.
 * @param timeoutMs how long a peer has for what is watched
 * @param look returns what to note
 */
export function watchPeers<Note extends object>(
	host: ModuleHost,
	timeoutMs: number,
	look: (peer: Peer, nowMs: number, noted: Note | undefined) => Note | undefined,
	everyMs = Math.max(10, Math.min(1000, timeoutMs / 4)),
): void {
	let notes = new WeakMap<Peer, Note>();
	let lastMs = host.now();
	host.every(everyMs, () => {
		const nowMs = host.now();
		if (nowMs - lastMs > everyMs + timeoutMs / 2) notes = new WeakMap();
		lastMs = nowMs;
		for (const peer of [...host.peers()]) {
			const note = look(peer, nowMs, notes.get(peer));
			if (note === undefined) notes.delete(peer);
			else notes.set(peer, note);
		}
	});
}
