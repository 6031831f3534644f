import { describe, expect, it } from "vitest";
import type { Peer } from "../peers/peer.js";
import type { ModuleHost } from "./host.js";
import { watchPeers } from "./watch-peers.js";

/** A host with a clock that is moved by hand: `tick` lets so much time pass and runs what is due once. */
function watched(peers: readonly Peer[]) {
	let nowMs = 0;
	let run = (): void => {};
	const host: Pick<ModuleHost, "now" | "every" | "peers"> = {
		now: () => nowMs,
		every: (_intervalMs, due) => {
			run = due;
		},
		peers: () => peers,
	};
	const seen: (number | undefined)[] = [];
	const look = (_peer: Peer, atMs: number, noted: { readonly notedMs: number } | undefined) => {
		seen.push(noted?.notedMs);
		return atMs === 30 ? undefined : { notedMs: atMs };
	};
	watchPeers(host as ModuleHost, 100, look, 10);
	const tick = (passedMs: number): void => {
		nowMs += passedMs;
		run();
	};
	return { seen, tick };
}

describe("watching peers", () => {
	it("shows what was noted of each the last time, and nothing where nothing was", () => {
		const { seen, tick } = watched([{} as Peer]);
		for (let i = 0; i < 4; i++) tick(10);
		expect(seen).toEqual([undefined, 10, 20, undefined]);
	});

	it("forgets everything once the process itself stood still, and not when it is a little late", () => {
		const { seen, tick } = watched([{} as Peer]);
		tick(10);
		tick(60);
		tick(61);
		expect(seen).toEqual([undefined, 10, undefined]);
	});
});
