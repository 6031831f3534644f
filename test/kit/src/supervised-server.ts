import { boundedText } from "./bounded-text.js";
import type { Child } from "./process.js";
import { probeStream } from "./stream-probe.js";
import { untilStopped } from "./until-stopped.js";
import type { XmppServer } from "./xmpp-server.js";

/** What one kind of server adds to the life that all of them share. */
export interface ServerRecipe {
	readonly facts: Omit<XmppServer, "log" | "stop" | "kill" | "restart" | typeof Symbol.asyncDispose>;
	/** Starts the process; called again by `restart`, with the same ports and data. */
	launch(): Child;
	/** True once the process itself says that it has started; the ports are then asked as well. */
	started(output: string): boolean;
	/** True if the log says that a port was taken by somebody else in the meantime. */
	portTaken(output: string): boolean;
	/** Deletes everything on disk. */
	cleanUp(): void;
	readonly startLimitMs: number;
	readonly stopGraceMs: number;
}

/** Thrown when a port that was free was taken before the server could bind it; the launchers then try other ports. */
export class PortTakenError extends Error {
	override readonly name = "PortTakenError";
}

/** How long a stopped process may take to be seen as stopped. */
const STOP_LIMIT_MS = 2000;
const MAX_LOG_LENGTH = 4 * 1024 * 1024;

/**
 * Brings a server up and keeps it: running ⇄ killed → stopped (data gone, for good). `restart` goes from running or
 * killed to running. Whatever fails on the way up ends the process and deletes the data before it rejects.
 */
export async function superviseServer(recipe: ServerRecipe): Promise<XmppServer> {
	const { facts } = recipe;
	const earlier = boundedText(MAX_LOG_LENGTH);
	let child: Child | undefined;
	let stopped = false;

	async function start(): Promise<void> {
		const running = recipe.launch();
		child = running;
		await running.waitUntil(
			`${facts.name} ready`,
			async () => {
				if (recipe.portTaken(running.output())) throw new PortTakenError(running.output().slice(-2000));
				return recipe.started(running.output()) && (await answers());
			},
			recipe.startLimitMs,
		);
	}

	async function answers(): Promise<boolean> {
		const { c2sPort, componentPort, domain, components } = facts;
		if ((await probeStream({ port: c2sPort, namespace: "jabber:client", to: domain })) === undefined) return false;
		const component = Object.keys(components)[0];
		if (component === undefined) return true;
		const probe = { port: componentPort, namespace: "jabber:component:accept", to: component } as const;
		return (await probeStream(probe)) !== undefined;
	}

	async function end(): Promise<void> {
		if (child === undefined) return;
		await child.end(recipe.stopGraceMs);
		earlier.append(child.output());
		child = undefined;
	}

	async function stop(): Promise<void> {
		stopped = true;
		await end();
		recipe.cleanUp();
	}

	try {
		await start();
	} catch (error) {
		await stop();
		throw error;
	}
	return {
		...facts,
		log: () => earlier.toString() + (child?.output() ?? ""),
		stop,
		[Symbol.asyncDispose]: stop,
		async kill(signal) {
			child?.signal(signal);
			if (signal === "SIGSTOP" && child !== undefined) await untilStopped(child.pid, STOP_LIMIT_MS);
			if (signal !== "SIGSTOP" && signal !== "SIGCONT" && child !== undefined) {
				await child.exited;
				await end();
			}
		},
		async restart() {
			if (stopped) throw new Error(`${facts.name} was stopped, its data is gone`);
			await end();
			await start();
		},
	};
}

/** Runs a launcher again, with other ports, if a port was lost to another process. */
export async function withFreshPorts<T>(launch: () => Promise<T>): Promise<T> {
	for (let attempt = 1; ; attempt++) {
		try {
			return await launch();
		} catch (error) {
			if (!(error instanceof PortTakenError) || attempt === 3) throw error;
		}
	}
}
