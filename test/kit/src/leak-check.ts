import { afterAll, beforeAll } from "vitest";

/** What a test file must not leave behind: open sockets, listening servers, child processes, running timers. */
const KINDS = ["TCPSocketWrap", "TCPServerWrap", "TLSWrap", "UDPWrap", "ProcessWrap", "Timeout"];
const GRACE_MS = 3_000;
const POLL_MS = 20;

// Loaded before every test file: the file fails if what it opened is still open a while after its last test. Sockets take
// a turn or two of the event loop to go, so this polls.
let before: Record<string, number>;

beforeAll(() => {
	before = counts();
});

afterAll(async () => {
	const endMs = performance.now() + GRACE_MS;
	for (;;) {
		const left = KINDS.filter((kind) => (counts()[kind] ?? 0) > (before[kind] ?? 0));
		if (left.length === 0) return;
		if (performance.now() > endMs) {
			const told = left.map((kind) => `${(counts()[kind] ?? 0) - (before[kind] ?? 0)} × ${kind}`);
			throw new Error(`left behind by the tests of this file: ${told.join(", ")}`);
		}
		await new Promise<void>((resolve) => setTimeout(resolve, POLL_MS).unref());
	}
}, GRACE_MS * 2);

/** Things that keep the process alive, by kind. */
function counts(): Record<string, number> {
	const found: Record<string, number> = {};
	for (const kind of process.getActiveResourcesInfo()) found[kind] = (found[kind] ?? 0) + 1;
	return found;
}
