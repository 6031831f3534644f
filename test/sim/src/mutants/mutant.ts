import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { type Delivery, loadDelivery } from "../delivery.js";

const PACKAGE = fileURLToPath(new URL("../../../../packages/delivery", import.meta.url));

/** A mistake that somebody could make: an edit of a built file. */
export interface Mutant {
	readonly name: string;
	/** In the built files of @antiphon/delivery. */
	readonly file: string;
	/** Is there exactly once. */
	readonly find: string;
	readonly replace: string;
	/** The promise that it was seen to break, by the number of its rule. Which one is seen first is up to the seed. */
	readonly rule: number;
	/** The one that has found it. */
	readonly seed: number;
}

/**
 * Does something with the package as it is with the mistake in it, in a folder of its own.
 * @throws Error when the mistake cannot be made any more, as the file has changed
 */
export async function withMutant<Result>(
	{ name, file, find, replace }: Mutant,
	use: (delivery: Delivery, folder: string) => Result | Promise<Result>,
): Promise<Result> {
	const folder = mkdtempSync(join(tmpdir(), "antiphon-mutant-"));
	try {
		cpSync(join(PACKAGE, "dist"), folder, { recursive: true });
		symlinkSync(join(PACKAGE, "node_modules"), join(folder, "node_modules"));
		writeFileSync(join(folder, "package.json"), '{ "type": "module" }');
		const path = join(folder, file);
		const parts = readFileSync(path, "utf8").split(find);
		if (parts.length !== 2) throw new Error(`${name}: "${find}" is in ${file} ${parts.length - 1} times, not once`);
		writeFileSync(path, parts.join(replace));
		return await use(await loadDelivery(folder), folder);
	} finally {
		rmSync(folder, { recursive: true });
	}
}
