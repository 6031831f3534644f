import { Administrator } from "./actors/administrator.js";
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
import { type CallName, History } from "./history.js";
import { Ledger } from "./ledger.js";
import { Machine } from "./machine.js";
import { Network } from "./network.js";
import { type Options, optionsOf } from "./options.js";
import { Random } from "./random.js";
import { Schedule } from "./schedule.js";
import { Trouble } from "./trouble.js";
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
	readonly #delivery: Delivery;
	readonly #options: Options;
	readonly #schedule = new Schedule();
	readonly #history = new History(() => this.#schedule.now);
	readonly #network: Network<Body>;
	readonly #domain: Domain;
	readonly #callers: readonly Caller[];
	readonly #providers: readonly Provider[];
	readonly #nodes: ReadonlyMap<string, Node>;
	readonly #faults: readonly Fault[];
	readonly #trouble: Trouble;
	readonly #ledger: Ledger;
	readonly #invocations: readonly Invocation[];
	#runs = 0;

	constructor(delivery: Delivery, seed: number, options: Options) {
		this.#seed = seed;
		this.#delivery = delivery;
		this.#options = options;
		const random = new Random(seed, "world");
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
		const administrators = names(options.administrators, "boss").map((name) => new Administrator(parts(name, false)));
		const nodes = [this.#domain, ...this.#callers, ...this.#providers, ...liars, ...administrators];
		this.#nodes = new Map(nodes.map((node) => [node.name, node]));
		this.#trouble = new Trouble({
			schedule: this.#schedule,
			random,
			history: this.#history,
			network: this.#network,
			domain: this.#domain,
			nodes: this.#nodes,
		});
		this.#ledger = new Ledger(this.#history, this.#domain, this.#survivors());
		const hosts = {
			domain: DOMAIN,
			callers: this.#callers.map(({ name }) => name),
			providers: this.#providers.map(({ name }) => name),
		};
		this.#faults = planOf(options, hosts, random.stream("faults")).filter(({ number }) => !muted.has(number));
	}

	run(): Outcome {
		for (const node of this.#nodes.values()) node.start();
		this.#trouble.plan(this.#faults);
		let thrown: string | undefined;
		try {
			this.#runUntil(this.#options.faultyMs);
			this.#heal();
			this.#settle();
			this.#ledger.close();
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

	/** No more faults; some machines stay down. */
	#heal(): void {
		this.#history.add({ type: "healed" });
		this.#network.habits = { loss: 0, copies: 0, late: 0, latestMs: 1_000, usualMs: 20, bounces: 1 };
		this.#trouble.end();
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
			if (this.#ledger.open().length === 0) return;
		}
		const open = this.#ledger.open();
		const call = open[0] as CallName;
		this.#history.add({ type: "wrong", rule: 12, what: `${open.length} calls are not settled, as ${call}`, call });
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
		const all = longest.reduce((sum, ms) => sum + ms, 1_800_000);
		// A letter that is redriven takes as long as its call did.
		return Math.min(all * (1 + this.#options.administrators), LONGEST_MS);
	}

	/** When nobody comes any more, and the time is over for which things are kept, the disk is as good as empty. */
	#forget(): void {
		this.#history.add({ type: "deserted" });
		for (const node of this.#nodes.values()) if (node !== this.#domain) node.remove();
		this.#runUntil(this.#schedule.now + RETENTION_MS);
		const left = this.#domain.disk.flushed.count("", "\xff");
		if (left > LEFT)
			this.#history.add({ type: "wrong", rule: 11, what: `${left} records are left on the domain's disk` });
		const [problem] = this.#delivery.inspectQueue(this.#domain.disk.flushed, () => false).problems;
		if (problem !== undefined)
			this.#history.add({ type: "wrong", rule: 11, what: `of the domain's disk is told: ${problem}` });
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
