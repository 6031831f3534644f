import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder of one test's or one server's own, readable only by its user. */
export interface TempDir extends Disposable {
	readonly path: string;
	/** Removes the folder with all that is in it. Safe to call twice. */
	remove(): void;
}

const dirs = new Set<string>();
let hooked = false;

/** Makes `<system temp>/antiphon-<label>-XXXXXX`. What is left when this process exits is removed then. */
export function tempDir(label: string): TempDir {
	if (!hooked) {
		hooked = true;
		process.once("exit", () => {
			for (const path of dirs) removeTree(path);
		});
	}
	const path = mkdtempSync(join(tmpdir(), `antiphon-${label}-`));
	dirs.add(path);
	const remove = () => {
		dirs.delete(path);
		removeTree(path);
	};
	return { path, remove, [Symbol.dispose]: remove };
}

function removeTree(path: string): void {
	// Retries, because a server that was just killed may have left a helper process that still writes there.
	rmSync(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 20 });
}
