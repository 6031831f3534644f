import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";

const READY_TIMEOUT_MS = 15_000;
const STOP_TIMEOUT_MS = 5_000;

/** A service in a process of its own. */
export interface ServiceProcess {
	readonly pid: number | undefined;
	/** What it said when it was ready. */
	readonly ready: string;
	/** Resolves when it has ended, with how. */
	readonly ended: Promise<string>;
	/** Asks it to end, and makes it end after a while. */
	stop(): Promise<void>;
}

/**
 * Runs a module with this Node. It is ready when it prints its first line.
 * @throws Error with what it said when it ends or stays silent instead
 */
export async function startService(module: string, environment: Record<string, string>): Promise<ServiceProcess> {
	const child = spawn(process.execPath, [module], {
		// What the shell says of other links is not meant for this one.
		env: { ...withoutOurs(process.env), ...environment },
		// Through the IPC channel the service learns when this process is gone, however it went.
		stdio: ["ignore", "pipe", "inherit", "ipc"],
	});
	const ended = new Promise<string>((resolve) => {
		child.once("exit", (code, signal) => resolve(signal ?? `status ${code}`));
		child.once("error", (error) => resolve(error.message));
	});
	try {
		return { pid: child.pid, ready: await firstLine(child, ended), ended, stop: () => stop(child, ended) };
	} catch (error) {
		await stop(child, ended);
		throw error;
	}
}

function withoutOurs(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
	return Object.fromEntries(Object.entries(environment).filter(([name]) => !name.startsWith("ANTIPHON_")));
}

function firstLine(child: ChildProcess, ended: Promise<string>): Promise<string> {
	return new Promise((resolve, reject) => {
		const timer = setTimeout(
			() => reject(new Error(`the service said nothing for ${READY_TIMEOUT_MS} ms`)),
			READY_TIMEOUT_MS,
		);
		void ended.then((how) => {
			clearTimeout(timer);
			reject(new Error(`the service ended before it was ready: ${how}`));
		});
		if (child.stdout === null) return;
		createInterface({ input: child.stdout }).once("line", (line) => {
			clearTimeout(timer);
			resolve(line);
		});
	});
}

async function stop(child: ChildProcess, ended: Promise<string>): Promise<void> {
	if (child.exitCode === null && child.signalCode === null) child.kill("SIGTERM");
	const timer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
	await ended;
	clearTimeout(timer);
}
