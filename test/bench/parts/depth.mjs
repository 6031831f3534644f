import { tempDir } from "#kit";
import { runModule } from "./run-module.mjs";

const PROCESS = "test/bench/depth-process.mjs";
/** What it is held against. */
const SHALLOW = 10_000;
/** A million calls take minutes, and longer on a machine that is busy. */
const LIMIT_MS = 3_600_000;

/**
 * The queue of a domain with so many calls in it that wait, on journals in memory and on disk, each in a process of its own:
 * without XMPP, which part `durable` has.
 */
export async function measureDepth({ depth, journals }) {
	const rows = [];
	for (const journal of journals) {
		for (const calls of new Set([Math.min(SHALLOW, depth), depth])) {
			const folder = tempDir("bench-depth");
			try {
				const args = [journal, folder.path, `${calls}`];
				rows.push(JSON.parse(await runModule(PROCESS, args, ["--expose-gc"], LIMIT_MS)));
			} finally {
				folder.remove();
			}
		}
	}
	return { rows };
}
