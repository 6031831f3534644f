import { contractForm, isServedBy, majorOf, type Service, type ServiceDescription } from "@antiphon/contract";
import { BusError, type DataForm, Jid } from "@antiphon/protocol";
import type { Admission } from "../bounds/admission.js";
import type { CallAbort } from "../calls/call-abort.js";
import type { AdmittedCall, Outcome } from "../calls/call-outcome.js";

/** A major version of a service, as it can be called at this node: what is told of it, and what a call does. */
export interface ServedService {
	readonly service: Service;
	readonly description: ServiceDescription;
	readonly admission: Admission;
	/** The instances that can be called: the resources of its addresses. */
	instances(): readonly string[];
	/** Whether calls of `peer` may say that they come from somebody else (`for`): a domain passes calls on. */
	trusts(peer: Jid): boolean;
	/** @param fn its own name, without the service's. @throws BusError `forbidden`: a caller that policy does not let in */
	requireCaller(caller: Jid, fn: string): void;
	/** Whether policy lets `asker` know of a function, or of the service: of one who may call nothing of it, it does not. */
	isVisibleTo(asker: Jid, fn?: string): boolean;
	/** Refuses somebody: counted, and logged now and then. @throws BusError, always: `forbidden`, or `unavailable` before the rules are known */
	deny(who: Jid, fn?: string): never;
	/** While it is not known whom it lets in: resolves when it is. */
	readonly rules?: Promise<void> | undefined;
	/** How long no call has run, in milliseconds; `undefined` where that is not known. */
	readonly idleMs: number | undefined;
	/** Runs a call that was admitted. Whatever goes wrong is the outcome; it rejects only for what cannot even be looked at. */
	run(call: AdmittedCall, abort: CallAbort): Promise<Outcome>;
}

/** What an address (and, at a node's own address, a disco node) stands for. */
export type Subject = { readonly kind: "node" } | ServedSubject;
export type ServedSubject =
	| { readonly kind: "service"; readonly served: ServedService }
	| { readonly kind: "function"; readonly served: ServedService; readonly fn: string };

interface Entry {
	readonly served: ServedService;
	readonly major: number;
	/** The functions by their names in lower case, as JIDs are. */
	readonly functions: ReadonlyMap<string, string>;
}

/**
 * What can be called at this node, by address. On an owned domain services and functions have JIDs of their own,
 * `dictionary.define@fn.example.org`; at the node's own address they are disco nodes, `dictionary.define`.
 *
 * Major versions of a service stand side by side under one name. Who says no version gets the newest.
 */
export class Directory {
	/** By name; of each the newest major version first. */
	readonly #services = new Map<string, Entry[]>();
	/** Their names, sorted: there may be many, and lists are read in pages. */
	readonly #names: string[] = [];
	#isKnown: (service: string, asker: Jid) => boolean = () => false;
	/** Made when it is asked for, until something changes. */
	#sorted: readonly ServedService[] | undefined;

	/** @returns what takes the service out again. @throws BusError `conflict` if this major version of it is there already */
	add(served: ServedService): () => void {
		const { name, version, functions } = served.service;
		const major = majorOf(version);
		const others = this.#services.get(name) ?? [];
		if (others.some((other) => other.major === major)) {
			throw new BusError("conflict", `${name}, version ${major}, is served at this node already`);
		}
		if (others.length === 0) this.#names.splice(this.#placeOf(name), 0, name);
		const byName = new Map(Object.keys(functions).map((fn) => [fn.toLowerCase(), fn]));
		const entry: Entry = { served, major, functions: byName };
		this.#services.set(
			name,
			[...others, entry].sort((a, b) => b.major - a.major),
		);
		this.#sorted = undefined;
		return () => {
			this.#sorted = undefined;
			const left = (this.#services.get(name) ?? []).filter((each) => each !== entry);
			if (left.length > 0) this.#services.set(name, left);
			else if (this.#services.delete(name)) this.#names.splice(this.#placeOf(name), 1);
		};
	}

	/** The services that can be called now, the newest version of each, sorted by name. */
	services(): readonly ServedService[] {
		this.#sorted ??= this.#names.map((name) => {
			const [newest] = this.#services.get(name) as [Entry];
			return newest.served;
		});
		return this.#sorted;
	}

	/**
	 * What a name stands for.
	 * @param name `service` or `service.function`, as in a call's `fn`, a disco node or a local part
	 * @param version the one that was asked for; where it is not served, the newest is what is found
	 * @param instance of the versions only those that this instance serves
	 */
	find(name: string, version?: string, instance?: string): ServedSubject | undefined {
		const [service = "", fn, ...rest] = name.toLowerCase().split(".");
		// Otherwise each function would have addresses without end.
		if (rest.length > 0) return undefined;
		const all = this.#services.get(service) ?? [];
		const entries = instance === undefined ? all : all.filter(({ served }) => served.instances().includes(instance));
		const suitable = entries.filter(({ served }) => isVersionOf(served.service.version, version));
		for (const { served, functions } of suitable.length > 0 ? suitable : entries) {
			if (fn === undefined) return { kind: "service", served };
			const declared = functions.get(fn);
			if (declared !== undefined) return { kind: "function", served, fn: declared };
		}
		return undefined;
	}

	/** The major versions of a service, the newest first. */
	majors(service: string): ServedService[] {
		return (this.#services.get(service) ?? []).map(({ served }) => served);
	}

	/** What else is known by name, and may be told to this asker: services that nobody serves now. */
	knowAlso(isKnown: (service: string, asker: Jid) => boolean): void {
		this.#isKnown = isKnown;
	}

	/**
	 * Why nothing is found under a name, as this asker may know it.
	 * @param message what to say of what was never heard of: `not-found`; else `unavailable`
	 */
	absence(name: string, asker: Jid, message: string): BusError {
		const [service = "", ...fn] = name.toLowerCase().split(".");
		const isKnown = fn.length < 2 && !this.#services.has(service) && this.#isKnown(service, asker);
		return isKnown
			? new BusError("unavailable", `nobody serves ${service} at the moment`)
			: new BusError("not-found", message);
	}

	/** The service to which a function of this name would belong, whether or not it has one. */
	serviceOf(fn: string): ServedService | undefined {
		const [service = "", ...names] = fn.split(".");
		return names.length === 1 ? this.find(service)?.served : undefined;
	}

	/**
	 * What an address and disco node stand for; `undefined` when it is nothing here.
	 * @param ownedDomain the domain in which every address is this node's
	 */
	resolve(to: Jid, node: string | undefined, ownedDomain: string | undefined, version?: string): Subject | undefined {
		if (to.local !== undefined && to.domain === ownedDomain) {
			// An address without resource stands for every instance, one with for that instance alone.
			return node === undefined ? this.find(to.local, version, to.resource) : undefined;
		}
		return node === undefined ? { kind: "node" } : this.find(node, version);
	}

	/** Where a name stands among the others, or would. */
	#placeOf(name: string): number {
		let [low, high] = [0, this.#names.length];
		while (low < high) {
			const middle = (low + high) >>> 1;
			if ((this.#names[middle] as string) < name) low = middle + 1;
			else high = middle;
		}
		return low;
	}
}

/** Whether a caller that asks for a version is served by another; who asks for none is. */
export function isVersionOf(served: string, asked: string | undefined): boolean {
	return asked === undefined || asked === served || isServedBy(asked, served);
}

/** The address of a service or function in a domain. */
export function addressOf(domain: string, service: string, fn?: string, instance?: string): Jid {
	return Jid.of(fn === undefined ? service : `${service}.${fn}`, domain, instance);
}

export function formOf(subject: ServedSubject): DataForm {
	return contractForm(subject.served.description, subject.kind === "function" ? subject.fn : undefined);
}
