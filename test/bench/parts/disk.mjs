import { closeSync, fdatasyncSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";

const PAGE = Buffer.alloc(4_096, 1);

/** How often a second this disk flushes a page that has been written, one after the other: what no acknowledgement can beat. */
export function flushesPerSecond(folder, durationMs) {
	const file = openSync(join(folder, "flushes"), "w");
	try {
		// The first makes the file longer, which takes another write.
		writeSync(file, PAGE, 0, PAGE.length, 0);
		fdatasyncSync(file);
		const startedMs = performance.now();
		let flushes = 0;
		do {
			writeSync(file, PAGE, 0, PAGE.length, 0);
			fdatasyncSync(file);
			flushes++;
		} while (performance.now() - startedMs < durationMs);
		return flushes / ((performance.now() - startedMs) / 1_000);
	} finally {
		closeSync(file);
	}
}
