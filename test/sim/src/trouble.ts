import type { Domain } from "./actors/domain.js";
import type { Node } from "./actors/node.js";
import type { Fault } from "./faults.js";
import type { History } from "./history.js";
import type { Network } from "./network.js";
import type { Random } from "./random.js";
import type { Schedule } from "./schedule.js";
import type { Body } from "./wire.js";

export interface TroubleParts {
	readonly schedule: Schedule;
	readonly random: Random;
	readonly history: History;
	readonly network: Network<Body>;
	readonly domain: Domain;
	/** By name, the domain too. */
	readonly nodes: ReadonlyMap<string, Node>;
}

/** Makes planned faults happen, each for its time. */
export class Trouble {
	readonly #parts: TroubleParts;
	/** What ends the faults that go on. */
	readonly #undo = new Set<() => void>();

	constructor(parts: TroubleParts) {
		this.#parts = parts;
	}

	plan(faults: readonly Fault[]): void {
		for (const fault of faults) this.#parts.schedule.at(fault.at, () => this.#happen(fault));
	}

	/** Now, for good. */
	end(): void {
		for (const undo of [...this.#undo]) undo();
		for (const node of this.#parts.nodes.values()) node.machine.spare();
	}

	#happen(fault: Fault): void {
		const { history, schedule } = this.#parts;
		const { number, at: _at, forMs, ...what } = fault;
		history.add({ type: "fault", fault: number, what: `${Object.values(what).join(" ")} for ${forMs} ms` });
		const undo = this.#begin(fault);
		if (undo === undefined) return;
		const once = () => {
			if (this.#undo.delete(once)) undo();
		};
		this.#undo.add(once);
		schedule.after(forMs, once);
	}

	/** @returns what ends it */
	#begin(fault: Fault): (() => void) | undefined {
		const { schedule, random, network, domain, nodes } = this.#parts;
		const host = "host" in fault ? fault.host : "";
		const node = nodes.get(host);
		const { forMs } = fault;
		switch (fault.kind) {
			case "cut":
				network.cut(host, fault);
				// Both ends notice, in time.
				schedule.after(random.between(5_000, 60_000), () => {
					if (network.isCut(host)) node?.relink();
				});
				return () => network.heal(host);
			case "server":
				network.restart(forMs);
				return undefined;
			case "relink":
				node?.relink();
				return undefined;
			case "crash":
				if (fault.acts === 0) node?.kill(forMs);
				else node?.machine.killAfter(fault.acts);
				return undefined;
			case "freeze":
				node?.machine.freeze(forMs);
				return () => node?.machine.thaw();
			case "full":
				if (node) node.disk.isFull = true;
				return () => {
					if (node) node.disk.isFull = false;
				};
			case "stuck":
				node?.disk.stick();
				return () => node?.disk.unstick();
			case "broken":
				if (node) node.disk.isBroken = true;
				return () => {
					if (node) node.disk.isBroken = false;
				};
			case "tight":
				domain.tight(true);
				return () => domain.tight(false);
			case "jump":
				node?.machine.jump(fault.byMs);
				return undefined;
		}
	}
}
