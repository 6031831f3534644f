import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { within } from "./contestants/closed-loop.mjs";

const LOGIN_LIMIT_MS = 30_000;
const STOP_LIMIT_MS = 5_000;
/** On top of the length of a slice. */
const SLICE_GRACE_MS = 30_000;

/**
 * A process that plays one role: a module of `contestants/`. It stays for the whole run, so that its code is warm, and
 * logs in anew in each world. Errors name who failed, and where.
 */
export function startProcess(module) {
	const path = fileURLToPath(new URL(`contestants/${module}.mjs`, import.meta.url));
	// Standard output belongs to the report.
	const child = fork(path, [], { execArgv: [], stdio: ["ignore", 2, 2, "ipc"] });
	const ended = new Promise((resolve) => {
		child.once("exit", (code, signal) => resolve(signal ?? `status ${code}`));
		child.once("error", (error) => resolve(error.message));
	});
	let lastId = 0;
	let who = module;

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

	return {
		/** Logs in. @param name what to call it in an error from now on @returns the address of a responder */
		async join(name, options) {
			who = name;
			const { address } = await ask("join", LOGIN_LIMIT_MS, options);
			return address;
		},
		leave: () => ask("leave", LOGIN_LIMIT_MS),
		/** Runs one slice: see `closedLoop`. */
		slice: (options) => ask("slice", options.durationMs + SLICE_GRACE_MS, options),
		/** Processor time used up to now, in microseconds. */
		cpuUs: () => ask("cpuUs", SLICE_GRACE_MS),
		async [Symbol.asyncDispose]() {
			if (child.exitCode !== null || child.signalCode !== null) return;
			if (child.connected) child.disconnect();
			const killer = setTimeout(() => child.kill("SIGKILL"), STOP_LIMIT_MS);
			await ended;
			clearTimeout(killer);
		},
	};
}
