import { appendFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { Child } from "#kit";
import type { Life } from "./history.js";

export interface SupervisedOptions {
	readonly name: string;
	launch(): Child;
	/** What it says when it has begun to work. */
	readonly ready: string;
	/** Takes what its processes say. */
	readonly log: string;
}

const LAST_WORDS = 300;
/** Before a process that has ended by itself is started again, as a supervisor does. */
const AGAIN_MS = 300;
const START_LIMIT_MS = 60_000;

/**
 * A process that is started again whenever it has ended, be it that it was killed or that it gave up.
 *
 * | state | event | to |
 * | --- | --- | --- |
 * | running | `kill` | away, until `revive` |
 * | running | ends by itself | running again, as another process, a little later |
 * | any | `stop` | stopped, for good |
 */
export class Supervised {
	readonly name: string;
	readonly lives: Life[] = [];
	/** How often it has ended by itself, and what it said when it did so last. */
	readonly gaveUp = { times: 0, lastWords: "" };
	readonly #options: SupervisedOptions;
	#child: Child | undefined;
	#state: "running" | "away" | "stopped" = "running";

	constructor(options: SupervisedOptions) {
		this.name = options.name;
		this.#options = options;
		this.#start();
	}

	/** Resolves when the present process works. Rejects when it does not come to that. */
	async untilReady(): Promise<void> {
		const { name, ready } = this.#options;
		await this.#child?.waitUntil(name, () => this.#child?.stdout().includes(ready) ?? false, START_LIMIT_MS);
	}

	/** With SIGKILL. Resolves when it is gone. */
	async kill(): Promise<void> {
		if (this.#state !== "running") return;
		this.#state = "away";
		this.#child?.signal("SIGKILL");
		await this.#child?.exited;
	}

	revive(): void {
		if (this.#state !== "away") return;
		this.#state = "running";
		this.#start();
	}

	pause(): void {
		this.#child?.signal("SIGSTOP");
	}

	/** Also when it does not stand still. */
	resume(): void {
		this.#child?.signal("SIGCONT");
	}

	/** Its process now, to be looked at by the operating system. */
	get pid(): number | undefined {
		return this.#child?.exit() === undefined ? this.#child?.pid : undefined;
	}

	async stop(): Promise<void> {
		this.#state = "stopped";
		await this.#child?.end();
	}

	#start(): void {
		const child = this.#options.launch();
		const life: Life = { name: this.name, pid: child.pid, from: Date.now() };
		this.#child = child;
		this.lives.push(life);
		void child.exited.then(async ({ code, signal }) => {
			life.to = Date.now();
			appendFileSync(this.#options.log, `${child.output()}--- ${this.name} (${child.pid}) ended: ${signal ?? code}\n`);
			if (this.#state !== "running") return;
			this.gaveUp.times++;
			this.gaveUp.lastWords = lastWordsIn(child.stderr());
			await sleep(AGAIN_MS);
			if (this.#state === "running" && this.#child === child) this.#start();
		});
	}
}

/** The line that says why, which may have a stack behind it. */
function lastWordsIn(text: string): string {
	const lines = text.split("\n").filter((line) => line !== "");
	return (lines.findLast((line) => /^\w*Error/.test(line)) ?? lines.at(-1) ?? "").slice(0, LAST_WORDS);
}
