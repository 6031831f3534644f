import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

const STORE = fileURLToPath(new URL("../../bundle/index.js", import.meta.url));
/** What `ulimit -f` counts in. */
const BLOCK = 512;

/** Another process that has the store as `lmdbStore`, a folder as `folder` and a function `say`. */
export function child(script: string, folder: string, { maxFileBytes = 2 ** 40 } = {}) {
	const say = "const say = (value = null) => console.log(JSON.stringify(value));";
	const code = `import { lmdbStore } from ${JSON.stringify(STORE)}; const [folder] = process.argv.slice(1); ${say} ${script}`;
	const limit = `ulimit -f ${Math.floor(maxFileBytes / BLOCK)}; exec "$@"`;
	const node = [process.execPath, "--input-type=module", "-e", code, folder];
	// What LMDB says of errors itself is not looked at.
	const started = spawn("sh", ["-c", limit, "sh", ...node], { stdio: ["pipe", "pipe", "ignore"] });
	const exited = once(started, "exit");
	const lines = createInterface(started.stdout)[Symbol.asyncIterator]();
	const kill = async () => {
		started.kill("SIGKILL");
		await exited;
	};
	onTestFinished(kill);
	return {
		pid: started.pid as number,
		/** What it says next. */
		async said(): Promise<unknown> {
			const { value, done } = await lines.next();
			return done ? "nothing more" : JSON.parse(value);
		},
		kill,
	};
}
