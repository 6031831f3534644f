import type { ServiceDescription } from "@antiphon/contract";
import {
	BusError,
	type Heartbeat,
	type InstanceName,
	type InstanceState,
	type Jid,
	type Registration,
	Tally,
} from "@antiphon/protocol";
import type { DomainLimits } from "../limits.js";
import { Contracts } from "./contracts.js";
import { Load } from "./load.js";

/** One provider of a service. */
export interface Instance extends Registration {
	/** The full JID of its node: where it is called. */
	readonly node: Jid;
	/** When it registered, by the domain's clock. */
	readonly sinceMs: number;
	/** What renewals change: when it was last heard of, by the same clock, and how it is. */
	heardMs: number;
	state: InstanceState;
	running: number;
	/** Made of the renewals so far. */
	readonly load: Load;
}

/** Is told of the service; `added` while the provider of an instance does not know yet that it is registered. */
export type OnChange = (service: string, change: "added" | "other") => void;

/**
 * Who serves what. It is told and asks nothing: no I/O, no clock.
 *
 * | an instance is | when                                                                           |
 * | -------------- | ------------------------------------------------------------------------------ |
 * | added          | `add`: a provider registered it                                                |
 * | changed        | `renew`: its provider says that it drains, or no longer does                   |
 * | removed        | `remove`, `removeNode`: deregistered, replaced, its session ended; `expire`    |
 */
export class Registry {
	readonly contracts: Contracts;
	readonly #limits: DomainLimits;
	readonly #changed: OnChange;
	readonly #services = new Map<string, Map<string, Instance>>();
	/** All of them; the one that was heard of longest ago comes first. */
	readonly #byAge = new Set<Instance>();
	/** By the full JID of their node. */
	readonly #byNode = new Map<string, Set<Instance>>();
	readonly #perAccount = new Tally();
	readonly #onNode: (node: string, isHere: boolean) => void;

	/**
	 * @param changed called after a service's instances have changed, but not how busy they are: once for each service,
	 * however many of its instances changed at once
	 * @param onNode called after the first instance of a node has come, and after its last one has gone
	 */
	constructor(limits: DomainLimits, changed: OnChange, onNode: (node: string, isHere: boolean) => void = () => {}) {
		this.#onNode = onNode;
		this.#limits = limits;
		this.#changed = changed;
		this.contracts = new Contracts(limits);
	}

	/** Instances in all. */
	get size(): number {
		return this.#byAge.size;
	}

	/** The names of the services that have instances. */
	services(): string[] {
		return [...this.#services.keys()];
	}

	/** Whether a service has instances. */
	has(service: string): boolean {
		return this.#services.has(service);
	}

	/** Whether an account has instances. */
	hasOf(who: Jid): boolean {
		return this.#perAccount.of(who.bare().toString()) > 0;
	}

	/** Those of one service. */
	instances(service: string): Instance[] {
		return [...(this.#services.get(service)?.values() ?? [])];
	}

	find({ service, instance }: InstanceName): Instance | undefined {
		return this.#services.get(service)?.get(instance);
	}

	/**
	 * Adds an instance. The same node may register it again; it is then replaced.
	 * @throws BusError `conflict` for a name that another node has, or a version that has another contract; `overloaded`
	 */
	add(registration: Registration, node: Jid, description: ServiceDescription, nowMs: number): void {
		const holder = this.find(registration);
		if (holder !== undefined && !holder.node.equals(node)) {
			throw taken(registration, holder);
		}
		this.#admit(registration, node, holder === undefined);
		// Before the old one lets go of it: the contract may be the same.
		this.contracts.hold(description, node.bare().toString());
		if (holder !== undefined) this.#drop(holder);
		const times = { sinceMs: nowMs, heardMs: nowMs };
		const instance: Instance = { ...registration, ...times, node, state: "available", running: 0, load: new Load() };
		const instances = this.#services.get(instance.service) ?? new Map<string, Instance>();
		this.#services.set(instance.service, instances.set(instance.instance, instance));
		const key = node.toString();
		const ofNode = (this.#byNode.get(key) ?? new Set()).add(instance);
		this.#byNode.set(key, ofNode);
		if (ofNode.size === 1) this.#onNode(key, true);
		this.#byAge.add(instance);
		this.#perAccount.add(node.bare().toString(), 1);
		this.#changed(instance.service, "added");
	}

	/** @returns whether it was there, and this node's */
	remove(name: InstanceName, node: Jid): boolean {
		const instance = this.find(name);
		if (instance === undefined || !instance.node.equals(node)) return false;
		this.#drop(instance);
		this.#changed(instance.service, "other");
		return true;
	}

	/** These instances go. */
	removeAll(gone: readonly Instance[]): void {
		this.#dropAll(gone);
	}

	/** Everything that a node has registered goes. @returns what that was */
	removeNode(node: Jid): Instance[] {
		const gone = [...(this.#byNode.get(node.toString()) ?? [])];
		this.#dropAll(gone);
		return gone;
	}

	/** What a node says of its instances, all at once. @returns those that it has not registered here */
	renew(node: Jid, heartbeats: readonly Heartbeat[], nowMs: number): InstanceName[] {
		const changed = new Set<string>();
		const unknown = heartbeats.filter((heartbeat) => {
			const instance = this.find(heartbeat);
			if (instance === undefined || !instance.node.equals(node)) return true;
			if (instance.state !== heartbeat.state) changed.add(instance.service);
			instance.heardMs = nowMs;
			this.#byAge.delete(instance);
			this.#byAge.add(instance);
			instance.state = heartbeat.state;
			instance.running = heartbeat.running;
			instance.load.heard(heartbeat.running >= instance.concurrency);
			return false;
		});
		for (const service of changed) this.#changed(service, "other");
		return unknown;
	}

	/** For `deafMs` nobody could be heard: nobody's silence goes back so far. */
	forgive(deafMs: number, nowMs: number): void {
		if (deafMs <= 0) return;
		for (const instance of this.#byAge) instance.heardMs = Math.min(nowMs, instance.heardMs + deafMs);
	}

	/** Forgets the instances that were not heard of since `sinceMs`. @returns these */
	expire(sinceMs: number): Instance[] {
		const gone: Instance[] = [];
		for (const instance of this.#byAge) {
			if (instance.heardMs >= sinceMs) break;
			gone.push(instance);
		}
		this.#dropAll(gone);
		return gone;
	}

	#admit({ service }: Registration, node: Jid, isNew: boolean): void {
		if (!isNew) return;
		const { maxInstances, maxInstancesPerAccount, maxServices } = this.#limits;
		if (this.size >= maxInstances) throw overloaded(`${maxInstances} instances`);
		if (this.#perAccount.of(node.bare().toString()) >= maxInstancesPerAccount) {
			throw overloaded(`${maxInstancesPerAccount} instances of one account`);
		}
		if (!this.#services.has(service) && this.#services.size >= maxServices) throw overloaded(`${maxServices} services`);
	}

	#dropAll(gone: readonly Instance[]): void {
		for (const instance of gone) this.#drop(instance);
		for (const service of new Set(gone.map(({ service }) => service))) this.#changed(service, "other");
	}

	#drop(instance: Instance): void {
		const instances = this.#services.get(instance.service);
		instances?.delete(instance.instance);
		if (instances?.size === 0) this.#services.delete(instance.service);
		const key = instance.node.toString();
		const ofNode = this.#byNode.get(key);
		ofNode?.delete(instance);
		if (ofNode?.size === 0) {
			this.#byNode.delete(key);
			this.#onNode(key, false);
		}
		this.#byAge.delete(instance);
		this.contracts.release(instance);
		this.#perAccount.add(instance.node.bare().toString(), -1);
	}
}

/** Another process has the name, perhaps for another version: an instance's address stands for one of them. */
function taken({ service, instance }: InstanceName, holder: Instance): BusError {
	const rule = "an instance's name is its own, whatever its version: give this one another";
	return new BusError("conflict", `${service}/${instance} is ${holder.version} at another node; ${rule}`);
}

function overloaded(limit: string): BusError {
	return new BusError("overloaded", `the domain is at its limit of ${limit}`, { retryAfterMs: 10_000 });
}
