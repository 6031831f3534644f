// Keeps journals as the code of today writes them, for the code of tomorrow to open (../journals.test.ts). To be run when the
// version of a record has been raised; the build must be up to date. Refuses a record in another form and of the same version.
//   node test/conformance/journals/write.mjs          a new set, if it differs from the newest
//   node test/conformance/journals/write.mjs --again  the newest set once more: only as long as nobody can have such journals
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { lmdbStore } from "@antiphon/store";
import { openEnvironment } from "../../../packages/store/dist/environment.js";
import { bodiesOf, changedForms, FOLDER, kept, made, STORIES, setsKept } from "./make.mjs";

const newest = setsKept().at(-1) ?? 0;
const files = await Promise.all(Object.keys(STORIES).map(async (name) => [name, await made(name)]));
const isThere = (name) => existsSync(`${FOLDER}${newest}/${name}.json`);
const isKept = ([name, file]) => isThere(name) && textOf(kept(newest, name)) === textOf(file);
const isAgain = process.argv[2] === "--again";
const changed = files.flatMap(([name, file]) => (isThere(name) ? changedForms(kept(newest, name), file) : []));

if (files.every(isKept)) console.log(`set ${newest} is as it is written today`);
else if (changed.length > 0 && !isAgain) {
	const keys = changed.map(([hex]) => JSON.stringify(Buffer.from(hex, "hex").toString("latin1")));
	console.error(`raise the version of these: they have another form than in set ${newest}: ${keys.join(", ")}`);
	process.exitCode = 1;
} else {
	const set = isAgain ? newest : newest + 1;
	const folder = `${FOLDER}${set}`;
	rmSync(folder, { recursive: true, force: true });
	mkdirSync(folder);
	for (const [name, file] of files) writeFileSync(`${folder}/${name}.json`, textOf(file));
	writeFileSync(`${folder}/queue.mdb.gz`, gzipSync(await lmdbFile(bodiesOf(files[0][1])), { level: 9 }));
	console.log(`set ${set} is written`);
}

/** A record a line: what has changed is to be seen. */
function textOf({ records, read, after, left }) {
	const lines = (all) => all.map((each) => `\t\t${each}`).join(",\n");
	const pairs = Object.entries(records).map(([key, record]) => `${JSON.stringify(key)}: ${JSON.stringify(record)}`);
	const told = after.map((effects) => JSON.stringify(effects));
	return `{\n\t"records": {\n${lines(pairs)}\n\t},\n\t"read": ${JSON.stringify(read)},\n\t"after": [\n${lines(told)}\n\t],\n\t"left": ${JSON.stringify(left)}\n}\n`;
}

/** A file of LMDB with these in it, and with nothing of what stood on pages that are free. */
async function lmdbFile(writes) {
	const folder = mkdtempSync(join(tmpdir(), "journals-"));
	try {
		const journal = await lmdbStore(folder).open("queue");
		const error = await new Promise((resolve) => journal.write(writes, resolve));
		if (error !== undefined) throw error;
		await new Promise((resolve) => journal.close(resolve));
		const { root } = openEnvironment(join(folder, "queue.mdb"), 2 ** 20);
		await root.backup(join(folder, "compact.mdb"), true);
		await root.close();
		return readFileSync(join(folder, "compact.mdb"));
	} finally {
		rmSync(folder, { recursive: true });
	}
}
