import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { boundedText } from "./bounded-text.js";
import { boundToParent, forgetGroup, rememberGroup, signalGroup } from "./child-registry.js";

export interface ChildOptions {
	readonly command: string;
	readonly args?: readonly string[];
	readonly cwd?: string;
	/** The whole environment of the child; that of this process when absent. */
	readonly env?: NodeJS.ProcessEnv;
	/** Written to standard input, which is then closed. */
	readonly input?: string;
	/** Each of standard output, standard error and both together keeps at most this many characters, the newest ones. */
	readonly maxOutputLength?: number;
}

export interface ChildExit {
	readonly code: number | null;
	readonly signal: NodeJS.Signals | null;
}

/** A child process in a process group of its own. */
export interface Child {
	readonly pid: number;
	/** Resolves once the process has ended and its output is in. Never rejects. */
	readonly exited: Promise<ChildExit>;
	exit(): ChildExit | undefined;
	stdout(): string;
	stderr(): string;
	/** Both streams, in the order in which they came. */
	output(): string;
	/** Polls `ready` until it is true. Rejects with the output if the process ends first or after `limitMs`. */
	waitUntil(what: string, ready: () => boolean | Promise<boolean>, limitMs: number): Promise<void>;
	/** Sends a signal to the process group; does nothing once the process has ended. */
	signal(signal: NodeJS.Signals): void;
	/** SIGTERM, and SIGKILL after `graceMs`. Resolves when the process is gone; safe to call twice. */
	end(graceMs?: number): Promise<ChildExit>;
}

const POLL_MS = 15;
/** How long to wait for output after the end, when something else still holds the pipe open. */
const DRAIN_MS = 500;

/** Starts a process that cannot outlive this one. A command that does not exist ends with a code, like any failure. */
export function startChild(options: ChildOptions): Child {
	const [command, args] = boundToParent(options.command, options.args ?? []);
	const child = spawn(command, args, {
		cwd: options.cwd,
		env: options.env ?? process.env,
		detached: true,
		stdio: "pipe",
	});
	const maxLength = options.maxOutputLength ?? 1024 * 1024;
	const stdout = boundedText(maxLength);
	const stderr = boundedText(maxLength);
	const both = boundedText(maxLength);
	child.stdout.setEncoding("utf8").on("data", (text: string) => {
		stdout.append(text);
		both.append(text);
	});
	child.stderr.setEncoding("utf8").on("data", (text: string) => {
		stderr.append(text);
		both.append(text);
	});
	child.stdin.on("error", () => {}); // EPIPE from a child that does not read is no fault of the test
	child.stdin.end(options.input ?? "");

	const pid = child.pid ?? 0;
	if (pid !== 0) rememberGroup(pid);
	let ended: ChildExit | undefined;
	const exited = new Promise<ChildExit>((resolve) => {
		const settle = (exit: ChildExit) => {
			if (ended !== undefined) return;
			ended = exit;
			if (pid !== 0) {
				signalGroup(pid, "SIGKILL"); // whatever the leader left behind in its group
				forgetGroup(pid);
			}
		};
		child.once("error", (error) => {
			both.append(`${error.message}\n`);
			settle({ code: 127, signal: null });
			resolve({ code: 127, signal: null });
		});
		child.once("exit", (code, signal) => {
			settle({ code, signal });
			const drained = setTimeout(() => resolve({ code, signal }), DRAIN_MS);
			child.once("close", () => {
				clearTimeout(drained);
				resolve({ code, signal });
			});
		});
	});

	const describeEnd = () => `${options.command} (pid ${pid})\n${both.toString().slice(-4000)}`;
	return {
		pid,
		exited,
		exit: () => ended,
		stdout: () => stdout.toString(),
		stderr: () => stderr.toString(),
		output: () => both.toString(),
		async waitUntil(what, ready, limitMs) {
			const limit = performance.now() + limitMs;
			while (!(await ready())) {
				if (ended !== undefined) {
					await exited;
					throw new Error(`ended (${ended.signal ?? ended.code}) before ${what}: ${describeEnd()}`);
				}
				if (performance.now() > limit) throw new Error(`no ${what} within ${limitMs} ms: ${describeEnd()}`);
				await sleep(POLL_MS);
			}
		},
		signal(signal) {
			if (ended === undefined && pid !== 0) signalGroup(pid, signal);
		},
		async end(graceMs = 3000) {
			if (ended === undefined && pid !== 0) {
				signalGroup(pid, "SIGTERM");
				signalGroup(pid, "SIGCONT"); // a stopped process takes no SIGTERM
				const killer = setTimeout(() => {
					if (ended === undefined) signalGroup(pid, "SIGKILL");
				}, graceMs);
				await exited;
				clearTimeout(killer);
			}
			return exited;
		},
	};
}

export interface Finished extends ChildExit {
	readonly stdout: string;
	readonly stderr: string;
}

/** Runs a command to its end, or kills it after `limitMs` and rejects with its output. */
export async function runChild(options: ChildOptions & { readonly limitMs: number }): Promise<Finished> {
	const child = startChild(options);
	let late = false;
	const limit = setTimeout(() => {
		late = true;
		child.signal("SIGKILL");
	}, options.limitMs);
	const exit = await child.exited;
	clearTimeout(limit);
	if (late) {
		throw new Error(`${options.command} ran for more than ${options.limitMs} ms:\n${child.output().slice(-4000)}`);
	}
	return { ...exit, stdout: child.stdout(), stderr: child.stderr() };
}
