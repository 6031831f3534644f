import type { Instance, Labels } from "@antiphon/protocol";

/** How fast an instance's past fades: after this time it counts half, in milliseconds. */
const HALF_LIFE_MS = 10_000;
/** How much one answer changes what is thought of an instance. */
const WEIGHT = 0.2;
/** Answers below this differ by noise only. */
const FLOOR_MS = 1;
/** How long an instance that failed is left alone, at first and at most. */
const FIRST_REST_MS = 1_000;
const MAX_REST_MS = 30_000;

/** What is wanted of an instance. */
export interface Wish {
	/** This one and no other. */
	readonly instance?: string | undefined;
	/** The more of these an instance has, the better; others are taken when those cannot. */
	readonly labels?: Labels | undefined;
	/** By key: not these again. */
	readonly except?: ReadonlySet<string> | undefined;
	/** Whether an instance will do. Default: each does. */
	readonly serves?: ((instance: Instance) => boolean) | undefined;
}

/** How a call at an instance ended: `silent` when no answer came, or none that helps; `broken-off` tells nothing of it. */
export type Ending = "answered" | "silent" | "broken-off";

/** One instance, with what this caller has seen of it. */
export class Candidate {
	instance: Instance;
	/** What it is known by among instances that were tried. One that went and came again has another. */
	readonly key: string;
	/** Calls that wait for its answer. */
	inFlight = 0;
	#latencyMs = 0;
	#latencyAtMs = 0;
	/** Since when calls wait there and not one was answered. */
	#waitingSinceMs = 0;
	#failures = 0;
	#restUntilMs = 0;

	constructor(instance: Instance, key: string) {
		this.instance = instance;
		this.key = key;
	}

	/** What one more call would have to expect: the smaller, the better. */
	cost(nowMs: number): number {
		const { running, concurrency } = this.instance;
		const faded = this.#latencyMs * 0.5 ** ((nowMs - this.#latencyAtMs) / HALF_LIFE_MS);
		// As long as nothing comes back, an answer takes at least that long.
		const waitedMs = this.inFlight === 0 ? 0 : nowMs - this.#waitingSinceMs;
		return (this.inFlight + 1) * (1 + running / concurrency) * Math.max(faded, waitedMs, FLOOR_MS);
	}

	isResting(nowMs: number): boolean {
		return nowMs < this.#restUntilMs;
	}

	/** A call goes there. @returns what to tell when it is over; idempotent */
	begin(nowMs: number): (ending: Ending, nowMs: number) => void {
		if (this.inFlight++ === 0) this.#waitingSinceMs = nowMs;
		let over = false;
		return (ending, endMs) => {
			if (over) return;
			over = true;
			this.inFlight--;
			if (ending === "answered") this.#answered(endMs - nowMs, endMs);
			else if (ending === "silent") this.#silent(endMs);
		};
	}

	#answered(tookMs: number, nowMs: number): void {
		this.#failures = 0;
		this.#restUntilMs = 0;
		// A call that took longer than expected tells more than one that was quicker: load shows there first.
		this.#latencyMs =
			this.#latencyAtMs === 0 || tookMs > this.#latencyMs
				? tookMs
				: this.#latencyMs + (tookMs - this.#latencyMs) * WEIGHT;
		this.#latencyAtMs = nowMs;
		this.#waitingSinceMs = nowMs;
	}

	#silent(nowMs: number): void {
		this.#restUntilMs = nowMs + Math.min(MAX_REST_MS, FIRST_REST_MS * 2 ** this.#failures);
		this.#failures = Math.min(this.#failures + 1, 10);
	}
}

/**
 * Spreads calls over instances: the better of two at random, so that callers that know the same do not all choose the
 * same (the power of two choices). Those that failed lately are left alone unless there is no other.
 */
export class Balancer {
	readonly #random: () => number;
	/** By the instance's name. */
	#candidates = new Map<string, Candidate>();
	/** Candidates so far. */
	#came = 0;

	constructor(random: () => number = Math.random) {
		this.#random = random;
	}

	get size(): number {
		return this.#candidates.size;
	}

	instances(): Instance[] {
		return [...this.#candidates.values()].map(({ instance }) => instance);
	}

	/** These instances and no others; what has been seen of those that stay is kept. */
	update(instances: readonly Instance[]): void {
		const next = new Map<string, Candidate>();
		for (const instance of instances) {
			const known = this.#candidates.get(instance.name);
			const isSame = known?.instance.jid.equals(instance.jid);
			const candidate = isSame ? (known as Candidate) : new Candidate(instance, `${++this.#came}`);
			candidate.instance = instance;
			next.set(instance.name, candidate);
		}
		this.#candidates = next;
	}

	/** An instance that takes calls, if there is one that is meant. */
	pick(wish: Wish, nowMs: number): Candidate | undefined {
		let best: Candidate[] = [];
		let bestRank = 0;
		for (const candidate of this.#candidates.values()) {
			const rank = rankOf(candidate, wish, nowMs);
			if (rank < bestRank || rank === 0) continue;
			if (rank > bestRank) best = [];
			bestRank = rank;
			best.push(candidate);
		}
		return this.#betterOfTwo(best, nowMs);
	}

	#betterOfTwo(candidates: readonly Candidate[], nowMs: number): Candidate | undefined {
		if (candidates.length < 2) return candidates[0];
		const i = this.#index(candidates.length);
		const j = (i + 1 + this.#index(candidates.length - 1)) % candidates.length;
		const [one, other] = [candidates[i] as Candidate, candidates[j] as Candidate];
		return other.cost(nowMs) < one.cost(nowMs) ? other : one;
	}

	#index(below: number): number {
		return Math.min(below - 1, Math.floor(this.#random() * below));
	}
}

/** 0 for one that is not meant; then first whether it is well, second how many labels fit. */
function rankOf(candidate: Candidate, { instance: name, labels, except, serves }: Wish, nowMs: number): number {
	const { instance } = candidate;
	if (name !== undefined && instance.name !== name) return 0;
	if (instance.state === "draining" || except?.has(candidate.key) || serves?.(instance) === false) return 0;
	const isWell = !candidate.isResting(nowMs);
	if (labels === undefined) return isWell ? 2 : 1;
	const wanted = Object.entries(labels);
	const fitting = wanted.filter(([label, value]) => instance.labels[label] === value).length;
	return 1 + fitting + (isWell ? wanted.length + 1 : 0);
}
