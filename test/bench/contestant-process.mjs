import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { within } from "./contestants/closed-loop.mjs";

const START_LIMIT_MS = 30_000;
const STOP_LIMIT_MS = 5_000;
/** On top of the length of a slice. */
const SLICE_GRACE_MS = 30_000;

/**
 * Starts one role of a contestant in a process of its own: a module of `contestants/`. Resolves when it is online.
 * @param who what to call it in an error
 * @throws Error that names the contestant
 */
export async function startRole(who, module, options) {
	const path = fileURLToPath(new URL(`contestants/${module}.mjs`, import.meta.url));
	// Standard output belongs to the report.
	const child = fork(path, [], { execArgv: [], stdio: ["ignore", 2, 2, "ipc"] });
	const ended = new Promise((resolve) => {
		child.once("exit", (code, signal) => resolve(signal ?? `status ${code}`));
		child.once("error", (error) => resolve(error.message));
	});
	let lastId = 0;

	async function ask(name, limitMs, options) {
		const id = ++lastId;
		const answer = new Promise((resolve, reject) => {
			const listen = (message) => {
				if (message.id !== id) return;
				child.off("message", listen);
				if (message.error === undefined) resolve(message.result);
				else reject(new Error(message.error));
			};
			child.on("message", listen);
			void ended.then((how) => reject(new Error(`its process ended with ${how}`)));
			child.send({ id, name, options }, (error) => error && reject(error));
		});
		try {
			return await within(answer, limitMs, `no answer to ${name}`);
		} catch (error) {
			throw new Error(`${who} failed: ${error.message}`, { cause: error });
		}
	}

	async function stop() {
		if (child.exitCode === null && child.signalCode === null) {
			await ask("stop", STOP_LIMIT_MS).catch(() => {});
			const killer = setTimeout(() => child.kill("SIGKILL"), STOP_LIMIT_MS);
			await ended;
			clearTimeout(killer);
		}
	}

	try {
		const { address } = await ask("start", START_LIMIT_MS, options);
		return {
			address,
			/** Runs one slice: see `closedLoop`. */
			slice: (options) => ask("slice", options.durationMs + SLICE_GRACE_MS, options),
			/** Processor time used up to now, in microseconds. */
			cpu: () => ask("cpu", SLICE_GRACE_MS),
			[Symbol.asyncDispose]: stop,
		};
	} catch (error) {
		await stop();
		throw error;
	}
}
