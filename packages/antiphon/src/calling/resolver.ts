import {
	BusError,
	decodeResolution,
	encodeResolve,
	type Jid,
	type Resolution,
	type ResolveRequest,
} from "@antiphon/protocol";
import type { Element } from "@antiphon/xml";
import { ServiceView } from "./service-view.js";

export interface ResolverSource {
	/** Asks with an `iq` get. @throws BusError */
	ask(to: Jid, payload: Element, timeoutMs: number): Promise<Element | undefined>;
	now(): number;
	/** How long a domain may take to answer. */
	readonly timeoutMs: number;
}

/** For how long a domain is asked to tell of changes, in milliseconds; it may choose less. */
const WATCH_MS = 60_000;

/** What a node knows of services in domains, one view for all clients of a service. */
export class Resolver {
	readonly #source: ResolverSource;
	readonly #views = new Map<string, ServiceView>();
	#isClosed = false;

	constructor(source: ResolverSource) {
		this.#source = source;
	}

	/** @param address of the service in its domain */
	view(address: Jid): ServiceView {
		const key = address.toString();
		let view = this.#views.get(key);
		if (view === undefined) {
			const { now, timeoutMs } = this.#source;
			view = new ServiceView({
				resolve: (withinMs) => this.#ask(address, { version: undefined, watchMs: WATCH_MS }, withinMs),
				look: ({ instance, version }, withinMs) => {
					const at = instance === undefined ? address : address.withResource(instance);
					return this.#ask(at, { version, watchMs: 0 }, withinMs);
				},
				now,
				timeoutMs,
			});
			this.#views.set(key, view);
			if (this.#isClosed) view.close();
		}
		return view;
	}

	/** A domain tells of a change. What nobody here has asked that address for is dropped. @throws BusError `protocol` */
	take(from: Jid, payload: Element): void {
		const address = from.bare();
		this.#views.get(address.toString())?.push(resolutionOf(address, payload));
	}

	/** The link was lost: what a domain would have told meanwhile is missing. */
	distrust(): void {
		for (const view of this.#views.values()) view.distrust();
	}

	/** The host of a domain has started: it no longer knows whom it was to tell of changes. */
	restarted(domain: Jid): void {
		for (const [address, view] of this.#views) if (address.endsWith(`@${domain}`)) view.restarted();
	}

	/** The node was closed. Whoever waits for an instance waits in vain. */
	close(): void {
		this.#isClosed = true;
		for (const view of this.#views.values()) view.close();
	}

	async #ask(address: Jid, request: ResolveRequest, timeoutMs: number): Promise<Resolution> {
		return resolutionOf(address, await this.#source.ask(address, encodeResolve(request), timeoutMs));
	}
}

function resolutionOf(address: Jid, payload: Element | undefined): Resolution {
	const resolution = decodeResolution(payload);
	if (resolution.service === address.local) return resolution;
	throw new BusError("protocol", `${address} told of another service`);
}
