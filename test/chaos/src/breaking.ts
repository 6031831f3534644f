import { setTimeout as sleep } from "node:timers/promises";
import type { TcpProxy } from "#kit";
import { EVERYBODY, type Outage } from "./history.js";
import type { Fault } from "./plan.js";
import type { Supervised } from "./supervised.js";
import type { World } from "./world.js";

/** After an outage a process may need as long to be heard of again: it connects, and pulls. */
const BACK_MS = 2_000;

/** Does what a plan says to a world, and notes for how long who was away. */
export class Breaking {
	readonly outages: Outage[] = [];
	/** How often each kind of fault has come. */
	readonly counts: Partial<Record<Fault["kind"], number>> = {};
	readonly #world: World;
	readonly #signal: AbortSignal | undefined;

	constructor(world: World, signal?: AbortSignal) {
		this.#world = world;
		this.#signal = signal;
	}

	/** Resolves when everything works again, or is about to. */
	async follow(plan: readonly Fault[], say: (line: string) => void): Promise<void> {
		const startedAt = performance.now();
		const underWay: Promise<void>[] = [];
		for (const fault of plan) {
			await sleep(Math.max(0, fault.at - (performance.now() - startedAt)), undefined, { signal: this.#signal });
			say(`${(fault.at / 1_000).toFixed(1).padStart(7)} s  ${fault.kind} ${fault.target} ${fault.forMs} ms`);
			this.counts[fault.kind] = (this.counts[fault.kind] ?? 0) + 1;
			underWay.push(this.#do(fault));
			// What goes wrong is told in the end, and not before by the process.
			underWay.at(-1)?.catch(() => {});
		}
		await Promise.all(underWay);
	}

	async #do(fault: Fault): Promise<void> {
		const from = Date.now();
		await this.#breakFor(fault);
		const of = fault.target === "server" || fault.target === "domain" ? EVERYBODY : fault.target;
		if (fault.kind !== "fill") this.outages.push({ of, from, to: Date.now() + BACK_MS });
	}

	#breakFor(fault: Fault): Promise<void> {
		if (fault.kind === "fill") return this.#fill(fault);
		if (fault.kind === "kill" || fault.kind === "pause") {
			return fault.target === "server" ? this.#breakServer(fault) : this.#breakProcess(fault);
		}
		return this.#breakLink(fault);
	}

	async #breakProcess({ kind, target, forMs }: Fault): Promise<void> {
		const process = this.#world.processes.get(target) as Supervised;
		if (kind === "kill") {
			await process.kill();
			await this.#wait(forMs);
			process.revive();
			return;
		}
		process.pause();
		await this.#wait(forMs);
		process.resume();
	}

	async #breakServer({ kind, forMs }: Fault): Promise<void> {
		const { server } = this.#world;
		await server.kill(kind === "kill" ? "SIGKILL" : "SIGSTOP");
		await this.#wait(forMs);
		if (kind === "kill") await server.restart();
		else await server.kill("SIGCONT");
	}

	async #breakLink({ kind, target, forMs }: Fault): Promise<void> {
		const link = this.#world.links.get(target) as TcpProxy;
		if (kind === "cut") link.cut();
		else if (kind === "hang-up") link.hangUp();
		else if (kind === "refuse") {
			await link.refuse();
			link.cut();
			await this.#wait(forMs);
			await link.accept();
		} else {
			link.stall();
			await this.#wait(forMs);
			link.resume();
		}
	}

	async #fill({ forMs }: Fault): Promise<void> {
		const { disk, processes } = this.#world;
		const pids = [...processes.values()].map(({ pid }) => pid).filter((pid) => pid !== undefined);
		disk.fill(pids);
		await this.#wait(forMs);
		disk.free(pids);
	}

	/** Cut short when the run is: then there is nothing to mend. */
	async #wait(ms: number): Promise<void> {
		await sleep(ms, undefined, { signal: this.#signal });
	}
}
