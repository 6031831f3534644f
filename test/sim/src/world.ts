import { Caller } from "./actors/caller.js";
import { Domain } from "./actors/domain.js";
import { Liar } from "./actors/liar.js";
import type { Node, NodeParts } from "./actors/node.js";
import { Provider } from "./actors/provider.js";
import { DAY, type Invocation, invocationsOf } from "./application.js";
import { check } from "./checker/checker.js";
import { type Evidence, storiesOf, type Violation } from "./checker/evidence.js";
import type { Delivery } from "./delivery.js";
import { Disk } from "./disk.js";
import { type Fault, planOf } from "./faults.js";
import { type CallName, type Event, History } from "./history.js";
import { Machine } from "./machine.js";
import { Network } from "./network.js";
import { type Options, optionsOf } from "./options.js";
import { Random } from "./random.js";
import { Schedule } from "./schedule.js";
import { type Body, DOMAIN, NEW, OLD, WORKERS } from "./wire.js";

export interface Outcome {
	readonly seed: number;
	readonly options: Options;
	readonly history: History;
	readonly violation: Violation | undefined;
	/** How many things have happened, and how long the world has been, in its own milliseconds. */
	readonly steps: number;
	readonly endedAt: number;
}

/** Things that happen in one world at most, and when there are no faults any more in the time between two looks. */
const MAX_STEPS = 300_000;
const STORM = 10_000;
/** How long a lease is at the domain. */
const LEASE_MS = 45_000;
/** Longer than anything is kept: dead letters for 30 days. */
const RETENTION_MS = 34 * DAY;
/** Records that a journal may have when there are no calls in it. */
const LEFT = 32;
/** So long everything may take that is left when there are no faults any more; less than a call has before it expires. */
const LONGEST_MS = 8 * 3_600_000;
/** How soon it is looked whether everything is settled. */
const LOOK_MS = 20_000;

/** Lets one world run from its seed to the end, and judges it. Throws nothing. */
export function simulate(delivery: Delivery, seed: number, given: Partial<Options> = {}): Outcome {
	return new World(delivery, seed, optionsOf(seed, given)).run();
}

class World {
	readonly #seed: number;
	readonly #options: Options;
	readonly #random: Random;
	readonly #schedule = new Schedule();
	readonly #history = new History(() => this.#schedule.now);
	readonly #network: Network<Body>;
	readonly #domain: Domain;
	readonly #callers: readonly Caller[];
	readonly #providers: readonly Provider[];
	readonly #nodes: ReadonlyMap<string, Node>;
	readonly #faults: readonly Fault[];
	readonly #undo = new Set<() => void>();
	readonly #invocations: readonly Invocation[];
	#runs = 0;
	/** What the history says so far: up to where, what was accepted, what is kept by whom. */
	#looked = 0;
	readonly #accepted = new Set<CallName>();
	readonly #kept = new Map<CallName, string>();
	/** What was seen to be settled there. */
	readonly #settled = new Map<Node, Set<CallName>>();

	constructor(delivery: Delivery, seed: number, options: Options) {
		this.#seed = seed;
		this.#options = options;
		const random = new Random(seed, "world");
		this.#random = random;
		const muted = new Set(options.mute);
		const { loss, copies, late } = options;
		const habits = { loss, copies, late, latestMs: 600_000, usualMs: random.spread(2, 200), bounces: 0.9 };
		this.#network = new Network(this.#schedule, random.stream("network"), habits, (fault) => muted.has(fault));
		const registry = new Map<string, string>();
		const parts = (name: string, isDurable: boolean): NodeParts => ({
			delivery,
			options,
			schedule: this.#schedule,
			random,
			network: this.#network,
			history: this.#history,
			machine: new Machine(name, this.#schedule, random.stream(`machine ${name}`), options.drift),
			disk: new Disk(delivery, this.#schedule, random.stream(`disk ${name}`), {
				slowestMs: options.flushMs,
				isDurable,
			}),
			registry,
			nextRun: () => ++this.#runs,
		});
		const names = (count: number, name: string) => Array.from({ length: count }, (_, i) => `${name}-${i + 1}`);
		this.#invocations = invocationsOf(options, random.stream("application"));
		this.#domain = new Domain(parts(DOMAIN, true));
		this.#callers = names(options.callers, "caller").map(
			(name, i) =>
				new Caller(
					parts(name, i < options.outboxes),
					`${name}@example.org`,
					this.#invocations.filter(({ caller }) => caller === i),
				),
		);
		this.#providers = names(options.providers, "worker").map(
			(name, i) => new Provider(parts(name, i < options.inboxes), i < options.oldProviders ? OLD : NEW),
		);
		const overheard = {
			ids: this.#invocations.map(({ submission }) => submission.id),
			addresses: [
				...this.#callers.map(({ name }) => `${name}@example.org/${name}.1`),
				...this.#providers.map(({ name }) => `${WORKERS}/${name}.1`),
			],
			calls: options.calls,
		};
		const liars = names(options.liars, "liar").map((name) => new Liar(parts(name, false), overheard));
		const nodes = [this.#domain, ...this.#callers, ...this.#providers, ...liars];
		this.#nodes = new Map(nodes.map((node) => [node.name, node]));
		const hosts = {
			domain: DOMAIN,
			callers: this.#callers.map(({ name }) => name),
			providers: this.#providers.map(({ name }) => name),
		};
		this.#faults = planOf(options, hosts, random.stream("faults")).filter(({ number }) => !muted.has(number));
	}

	run(): Outcome {
		for (const node of this.#nodes.values()) node.start();
		for (const fault of this.#faults) this.#schedule.at(fault.at, () => this.#happen(fault));
		let thrown: string | undefined;
		try {
			this.#runUntil(this.#options.faultyMs);
			this.#heal();
			this.#settle();
			this.#end();
			if (this.#options.retention) this.#forget();
		} catch (error) {
			thrown = error instanceof Error ? (error.stack ?? error.message) : String(error);
		}
		const { steps, now } = this.#schedule;
		const outcome = { seed: this.#seed, options: this.#options, history: this.#history, steps, endedAt: now };
		if (thrown !== undefined) return { ...outcome, violation: { rule: 0, what: thrown } };
		return { ...outcome, violation: check(this.#evidence()) };
	}

	#runUntil(time: number): void {
		while (this.#schedule.steps < MAX_STEPS && this.#schedule.step(time));
	}

	#happen(fault: Fault): void {
		const { number, at: _at, forMs, ...what } = fault;
		this.#history.add({ type: "fault", fault: number, what: `${Object.values(what).join(" ")} for ${forMs} ms` });
		const undo = this.#begin(fault);
		if (undo === undefined) return;
		const once = () => {
			if (this.#undo.delete(once)) undo();
		};
		this.#undo.add(once);
		this.#schedule.after(forMs, once);
	}

	/** @returns what ends it */
	#begin(fault: Fault): (() => void) | undefined {
		const host = "host" in fault ? fault.host : "";
		const node = this.#nodes.get(host);
		const { forMs } = fault;
		switch (fault.kind) {
			case "cut":
				this.#network.cut(host, fault);
				// Both ends notice, in time.
				this.#schedule.after(this.#random.between(5_000, 60_000), () => {
					if (this.#network.isCut(host)) node?.relink();
				});
				return () => this.#network.heal(host);
			case "server":
				this.#network.restart(forMs);
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
				this.#domain.tight(true);
				return () => this.#domain.tight(false);
			case "jump":
				node?.machine.jump(fault.byMs);
				return undefined;
		}
	}

	/** No more faults; some machines stay down. */
	#heal(): void {
		this.#history.add({ type: "healed" });
		this.#network.habits = { loss: 0, copies: 0, late: 0, latestMs: 1_000, usualMs: 20, bounces: 1 };
		for (const undo of [...this.#undo]) undo();
		for (const node of this.#nodes.values()) node.machine.spare();
		for (const caller of this.#callers.slice(0, this.#options.lostCallers)) caller.remove();
		for (const provider of this.#providers.slice(0, this.#options.lostProviders)) provider.remove();
	}

	/** Until everything is settled, or should have been long ago. */
	#settle(): void {
		const limit = this.#schedule.now + this.#longestMs();
		let lookMs = LOOK_MS;
		while (this.#schedule.now < limit) {
			const before = this.#schedule.steps;
			this.#runUntil(this.#schedule.now + lookMs);
			const steps = this.#schedule.steps - before;
			if (steps > (STORM * lookMs) / LOOK_MS || this.#schedule.steps >= MAX_STEPS) {
				this.#history.add({ type: "wrong", rule: 12, what: `${steps} things have happened in ${lookMs} ms` });
				return;
			}
			// The longer it takes the longer may it take.
			lookMs = Math.min(lookMs * 1.3, 600_000);
			if (this.#open().length === 0) return;
		}
		const open = this.#open();
		const call = open[0] as CallName;
		this.#history.add({ type: "wrong", rule: 12, what: `${open.length} calls are not settled, as ${call}`, call });
	}

	/** What was accepted, or kept by somebody who is there, and has no outcome where it should have one. */
	#open(): CallName[] {
		const { events } = this.#history;
		for (; this.#looked < events.length; this.#looked++) {
			const event = events[this.#looked] as Event;
			if (event.type === "accepted") this.#accepted.add(event.call);
			else if (event.type === "kept" && event.isDurable) this.#kept.set(event.call, event.caller);
		}
		const open: CallName[] = [];
		const survivors = this.#survivors();
		for (const node of [this.#domain, ...survivors]) {
			const settled = this.#settled.get(node) ?? new Set();
			this.#settled.set(node, settled);
			const calls = this.#callsOf(node).filter((call) => !settled.has(call));
			for (const [i, outcome] of node.outcomes(calls).entries()) {
				const call = calls[i] as CallName;
				if (outcome === undefined) open.push(call);
				else settled.add(call);
			}
		}
		// What an application has yet to do, it does: then there is more to be settled.
		return [...open, ...survivors.flatMap((caller) => caller.toDo())];
	}

	#survivors(): readonly Caller[] {
		return this.#callers.slice(this.#options.lostCallers);
	}

	/** More than all calls could take, one after the other; less than a call has before it expires. */
	#longestMs(): number {
		const longest = this.#invocations.map(
			({ submission: { retry, afterMs } }) =>
				retry.attempts * (retry.attemptMs + retry.maxBackoffMs + LEASE_MS) + afterMs,
		);
		return Math.min(
			longest.reduce((sum, ms) => sum + ms, 1_800_000),
			LONGEST_MS,
		);
	}

	/** What is on the disks in the end is said, too. */
	#end(): void {
		for (const node of [this.#domain, ...this.#survivors()]) {
			const calls = this.#callsOf(node);
			const where = node === this.#domain ? "domain" : node.name;
			for (const [i, outcome] of node.outcomes(calls).entries()) {
				const call = calls[i] as CallName;
				if (outcome !== undefined) this.#history.add({ type: "outcome", call, outcome, by: "end", where });
			}
		}
	}

	/** What a node has taken on: accepted, or kept. */
	#callsOf(node: Domain | Caller): CallName[] {
		if (node === this.#domain) return [...this.#accepted];
		return [...this.#kept].flatMap(([call, keeper]) => (keeper === node.name ? [call] : []));
	}

	/** When nobody comes any more, and the time is over for which things are kept, the disk is as good as empty. */
	#forget(): void {
		this.#history.add({ type: "deserted" });
		for (const node of this.#nodes.values()) if (node !== this.#domain) node.remove();
		this.#runUntil(this.#schedule.now + RETENTION_MS);
		const left = this.#domain.disk.flushed.count("", "\xff");
		if (left > LEFT)
			this.#history.add({ type: "wrong", rule: 11, what: `${left} records are left on the domain's disk` });
	}

	#evidence(): Evidence {
		const { events } = this.#history;
		return {
			options: this.#options,
			history: this.#history,
			stories: storiesOf(events),
			processes: events.filter((event) => event.type === "process"),
			survivors: new Set(this.#survivors().map(({ name }) => name)),
			leaseMs: LEASE_MS,
			drift: this.#options.drift,
		};
	}
}
