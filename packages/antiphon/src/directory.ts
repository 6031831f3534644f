import { contractForm, type Functions, type Handlers, type Service, type ServiceDescription } from "@antiphon/contract";
import { BusError, type DataForm, Jid } from "@antiphon/protocol";
import type { Admission } from "./admission.js";

/** A service that this node serves. */
export interface ServedService {
	readonly service: Service;
	readonly handlers: Handlers<Functions>;
	readonly description: ServiceDescription;
	readonly instance: string;
	readonly admission: Admission;
}

/** What an address (and, at a node's own address, a disco node) stands for. */
export type Subject = { readonly kind: "node" } | ServedSubject;
export type ServedSubject =
	| { readonly kind: "service"; readonly served: ServedService }
	| { readonly kind: "function"; readonly served: ServedService; readonly fn: string };

/**
 * What this node serves, by address. On an owned domain services and functions have JIDs of their own,
 * `dictionary.define@fn.example.org`; at the node's own address they are disco nodes, `dictionary.define`.
 */
export class Directory {
	/** By `service` and `service.function`, folded to lower case as JIDs are. */
	readonly #byName = new Map<string, ServedSubject>();

	/** @returns what takes the service out again. @throws BusError `conflict` if a service of this name is served already */
	add(served: ServedService): () => void {
		const { name, functions } = served.service;
		if (this.#byName.has(name)) throw new BusError("conflict", `this node serves ${name} already`);
		this.#byName.set(name, { kind: "service", served });
		for (const fn of Object.keys(functions)) {
			this.#byName.set(foldedName(name, fn), { kind: "function", served, fn });
		}
		return () => {
			for (const [key, subject] of this.#byName) if (subject.served === served) this.#byName.delete(key);
		};
	}

	/** The services served now. */
	services(): ServedService[] {
		return [...this.#byName.values()].flatMap((subject) => (subject.kind === "service" ? [subject.served] : []));
	}

	/** What a call's `fn` names. */
	find(name: string): ServedSubject | undefined {
		return this.#byName.get(name.toLowerCase());
	}

	/** The service to which a function of this name would belong, whether or not it has one. */
	serviceOf(fn: string): ServedService | undefined {
		const dot = fn.lastIndexOf(".");
		return dot === -1 ? undefined : this.find(fn.slice(0, dot))?.served;
	}

	/**
	 * What an address and disco node stand for; `undefined` when it is nothing here.
	 * @param ownedDomain the domain in which every address is this node's
	 */
	resolve(to: Jid, node: string | undefined, ownedDomain: string | undefined): Subject | undefined {
		if (to.local !== undefined && to.domain === ownedDomain) {
			const named = this.#byName.get(to.local);
			// An address without resource stands for every instance, one with for that instance alone.
			const isMeant = to.resource === undefined || to.resource === named?.served.instance;
			return isMeant && node === undefined ? named : undefined;
		}
		return node === undefined ? { kind: "node" } : this.#byName.get(node.toLowerCase());
	}
}

function foldedName(service: string, fn: string): string {
	return `${service}.${fn.toLowerCase()}`;
}

/** The address of a service or function in a domain. */
export function addressOf(domain: string, service: string, fn?: string, instance?: string): Jid {
	return Jid.of(fn === undefined ? service : `${service}.${fn}`, domain, instance);
}

export function formOf(subject: ServedSubject): DataForm {
	return contractForm(subject.served.description, subject.kind === "function" ? subject.fn : undefined);
}
