import type { Peer } from "../peers/peer.js";
import type { ModuleHost } from "./host.js";

/**
 * Looks at everybody who is logged in, again and again, beside what was noted of each the last time.
 *
 * When this process itself stood still for `graceMs` (a debugger, SIGSTOP), nothing that was noted counts any more: what
 * was sent meanwhile has not been read, and nobody could take anything.
 * @param look returns what to note
 */
export function watchPeers<Note extends object>(
	host: ModuleHost,
	{ everyMs, graceMs }: { readonly everyMs: number; readonly graceMs: number },
	look: (peer: Peer, nowMs: number, noted: Note | undefined) => Note | undefined,
): void {
	let notes = new WeakMap<Peer, Note>();
	let lastMs = host.now();
	host.every(everyMs, () => {
		const nowMs = host.now();
		if (nowMs - lastMs > everyMs + graceMs) notes = new WeakMap();
		lastMs = nowMs;
		for (const peer of [...host.peers()]) {
			const note = look(peer, nowMs, notes.get(peer));
			if (note === undefined) notes.delete(peer);
			else notes.set(peer, note);
		}
	});
}
