import { Tally } from "@antiphon/protocol";
import type { PullEvent } from "./queue-events.js";

/** What an instance has asked for. Soft: forgotten when the queue is recovered. */
export interface Pull {
	readonly node: string;
	readonly version: string;
	credit: number;
	readonly session: string;
	readonly number: number;
	readonly inbox: "durable" | "memory";
	/** Of the last delivery. */
	serial: number;
	/** Deliveries that are not answered, by serial, in order. */
	readonly offered: Set<number>;
	/** Of these, in bytes. */
	offeredBytes: number;
	/** It wants nothing before, by `up`. */
	pausedUntil: number;
}

/** An instance of a service, for as long as it pulls or holds something. */
export interface Instance {
	readonly service: string;
	readonly instance: string;
	/** The calls that are leased to it. */
	readonly held: Set<number>;
	pull: Pull | undefined;
	/** Sessions of before: a pull of one of them is a copy that comes late. */
	readonly over: string[];
	/** A call that others may have died of: it has, or is to have, nothing else. */
	reservedFor: number | undefined;
}

const OVER = 8;
const NONE: ReadonlySet<string> = new Set();

/** Who may hold calls. */
export class Instances {
	readonly #all = new Map<string, Instance>();
	readonly #pulling = new Map<string, Set<Instance>>();
	/** By service: what those that pull serve. */
	readonly #versions = new Map<string, Set<string>>();
	#serving = new Tally();

	get(service: string, instance: string): Instance | undefined {
		return this.#all.get(`${service}/${instance}`);
	}

	/** The instance, known from now on. */
	ensure(service: string, instance: string): Instance {
		const key = `${service}/${instance}`;
		let known = this.#all.get(key);
		if (known === undefined) {
			known = { service, instance, held: new Set(), pull: undefined, over: [], reservedFor: undefined };
			this.#all.set(key, known);
		}
		return known;
	}

	/** Those that take calls of a service, or would if they had not enough. */
	pulling(service: string): Iterable<Instance> {
		return this.#pulling.get(service) ?? [];
	}

	/** The versions of those that take calls of a service. */
	versions(service: string): ReadonlySet<string> {
		return this.#versions.get(service) ?? NONE;
	}

	/** Whoever pulls, in the order of their first pulls. */
	all(): Instance[] {
		return [...this.#pulling.values()].flatMap((instances) => [...instances]);
	}

	/** It pulls from now on. */
	open(instance: Instance, event: PullEvent): Pull {
		const { node, version, credit, session, number, inbox } = event;
		this.#count(instance, -1);
		const before = instance.pull?.session;
		if (before !== undefined && before !== session) {
			instance.over.push(before);
			if (instance.over.length > OVER) instance.over.shift();
		}
		const pulling = this.#pulling.get(instance.service) ?? new Set();
		this.#pulling.set(instance.service, pulling.add(instance));
		const [offered, rest] = [new Set<number>(), { serial: 0, offeredBytes: 0, pausedUntil: 0 }];
		instance.pull = { node, version, credit, session, number, inbox, offered, ...rest };
		this.#count(instance, 1);
		return instance.pull;
	}

	/** It is the last of its service to have its turn. */
	hasHadTurn(instance: Instance): void {
		const pulling = this.#pulling.get(instance.service);
		if (pulling?.delete(instance) === true) pulling.add(instance);
	}

	/** It gets nothing until it pulls again. */
	close(instance: Instance): void {
		this.#count(instance, -1);
		instance.pull = undefined;
		const pulling = this.#pulling.get(instance.service);
		pulling?.delete(instance);
		if (pulling?.size === 0) this.#pulling.delete(instance.service);
		this.tidy(instance);
	}

	/** Forgets it, if there is no reason to remember it. */
	tidy(instance: Instance): void {
		if (instance.pull === undefined && instance.held.size === 0) {
			this.#all.delete(`${instance.service}/${instance.instance}`);
		}
	}

	clear(): void {
		this.#all.clear();
		this.#pulling.clear();
		this.#versions.clear();
		this.#serving = new Tally();
	}

	#count({ service, pull }: Instance, change: 1 | -1): void {
		if (pull === undefined) return;
		const { version } = pull;
		const key = `${service}\n${version}`;
		this.#serving.add(key, change);
		const versions = this.#versions.get(service) ?? new Set();
		if (this.#serving.of(key) === 0) versions.delete(version);
		else this.#versions.set(service, versions.add(version));
		if (versions.size === 0) this.#versions.delete(service);
	}
}
