import type { Functions, Handlers, Service } from "@antiphon/contract";
import type { Place } from "@antiphon/delivery";
import type { Link } from "@antiphon/link";
import {
	BusError,
	type Capabilities,
	checkedLabels,
	encodeCapabilities,
	type InstanceName,
	type Jid,
	type Labels,
	type Log,
	MAX_CREDIT,
	presence,
} from "@antiphon/protocol";
import type { Element } from "@antiphon/xml";
import type { Denials } from "../bounds/denials.js";
import { whyNotShown } from "../host/contract-answer.js";
import type { Directory } from "../host/directory.js";
import type { InboxRunner } from "./inbox-runner.js";
import { InstanceNames } from "./instance-names.js";
import type { LocalService } from "./local-service.js";
import { isFinal, type Registrable, Registrar } from "./registrar.js";
import { checkedService, domainToAsk } from "./serve.js";
import type { Served, ServeOptions } from "./served.js";

export interface ServingParts {
	readonly link: Link;
	readonly directory: Directory;
	readonly log: Log;
	/** Whom the node has refused. */
	readonly denials: Denials;
	/** The instance of a service that is given none. Another major version beside it gets this name with its number. */
	readonly instance: string;
	readonly maxCallsIn: number;
	/** How long a domain that cannot be reached is asked again, in milliseconds. */
	readonly connectTimeoutMs: number;
	/** Asks a domain with an `iq` set. @throws BusError */
	ask(domain: string, payload: Element, atMostMs?: number): Promise<Element | undefined>;
	/** The `from` of what this node sends; a client's server stamps it. */
	from(): Jid | undefined;
	/** Where calls come to that domains keep for what is served here. */
	readonly inbox: Pick<InboxRunner, "serve" | "leave" | "whenIdle">;
	/** What presence of this node says of it. */
	capabilities(): Capabilities;
	/** Waits for a promise, but not longer than a drain may take. */
	atMostForDrain(done: Promise<void>): Promise<void>;
}

/** How long to wait between two attempts to register for the first time, in milliseconds. */
const RETRY_MS = 500;

/** What a domain may have to do with. */
export interface Operable {
	readonly local: LocalService;
	/** As {@link Served.drain}. */
	drain(): Promise<void>;
}

interface Entry extends Operable {
	/** Where it is registered, if that is needed. */
	readonly registrar: Registrar | undefined;
	/** Where calls come from that this domain keeps for it, if it is registered and has functions that are so called. */
	readonly place: Place | undefined;
	/** It is served no more. */
	readonly leave: () => void;
}

/** What a node serves: in its directory, and registered with the domains that have to know. */
export class Serving {
	readonly #parts: ServingParts;
	readonly #registrars = new Map<string, Registrar>();
	readonly #entries = new Set<Entry>();
	readonly #names: InstanceNames;
	#stopped = false;

	constructor(parts: ServingParts) {
		this.#parts = parts;
		this.#names = new InstanceNames(parts.instance);
	}

	/** @throws BusError, TypeError: see `Node.serve` */
	async serve<F extends Functions>(service: Service<F>, handlers: Handlers<F>, options: ServeOptions): Promise<Served> {
		const { link } = this.#parts;
		const instance = options.instance ?? this.#names.free(service);
		const local = checkedService(service, handlers, { ...options, instance }, this.#parts);
		const labels = checkedLabels(options.labels ?? {});
		const domain = domainToAsk(options.domain, link);
		if (domain === undefined) {
			this.#warnOfContract(local);
			this.#warnOfDelivery(local);
		} else local.awaitRulesOf(domain);
		// Before it is registered: the domain asks this node for the contract.
		const remove = this.#list(local);
		const registrar = domain === undefined ? undefined : this.#registrar(domain);
		let draining: Promise<void> | undefined;
		let leave = () => {};
		const drained = new Promise<void>((resolve) => {
			leave = resolve;
		});
		const drain = async () => {
			this.#refuse(entry);
			registrar?.renewNow();
			await this.#parts.atMostForDrain(this.#whenIdle(entry));
			await this.#deregister(entry);
			this.#entries.delete(entry);
			remove();
			leave();
		};
		const entry: Entry = {
			local,
			registrar,
			place: domain === undefined ? undefined : placeOf(domain, local),
			leave,
			drain: () => {
				draining ??= drain();
				return draining;
			},
		};
		try {
			if (registrar !== undefined) await this.#register(registrar, entry, domain as string, labels);
		} catch (error) {
			remove();
			throw error;
		}
		this.#entries.add(entry);
		if (this.#stopped) leave();
		return { instance: local.instance, drained, drain: entry.drain, [Symbol.asyncDispose]: entry.drain };
	}

	/** Where a domain is asked, it says so itself. */
	#warnOfContract({ description }: LocalService): void {
		const { link, log } = this.#parts;
		const error = whyNotShown(description, link.maxStanzaBytes);
		if (error !== undefined) log.warn(`${error.message}. It can be called, and nobody can be shown what it is`);
	}

	/** Calls are kept by domains that have a queue. */
	#warnOfDelivery({ service }: LocalService): void {
		for (const [fn, { delivery }] of Object.entries(service.functions)) {
			if (delivery === "at-most-once") continue;
			const message = `${service.name}.${fn} is declared ${delivery}, and no domain keeps its calls: it is served at this node's own addresses, where it is called at most once`;
			this.#parts.log.warn(`${message}. Host the domain with createDomain({ store }), and serve with { domain }`);
		}
	}

	/** What is served under this name. Two majors of a service have instances of different names. */
	find(name: InstanceName): Operable | undefined {
		return this.#find(name);
	}

	/** The link has come online, for the first time or again. */
	online(): void {
		for (const registrar of this.#registrars.values()) registrar.onOnline();
	}

	/** A domain says that it may have forgotten this node. Of an entity with which nothing is registered it is not taken. */
	renew(from: Jid): void {
		this.#registrars.get(from.toString())?.renewNow();
	}

	/** Nothing new is taken any more, and the domains are told. */
	refuse(): void {
		for (const entry of this.#entries) this.#refuse(entry);
		for (const registrar of this.#registrars.values()) registrar.renewNow();
	}

	/** Takes everything out of the domains. Never rejects. */
	async deregisterAll(): Promise<void> {
		await Promise.all([...this.#entries].map((entry) => this.#deregister(entry)));
	}

	stop(): void {
		this.#stopped = true;
		for (const registrar of this.#registrars.values()) registrar.stop();
		for (const { leave } of this.#entries) leave();
	}

	/** Whether something is served at this place, to which its domain may give calls. */
	isPlace({ domain, service, instance }: Place): boolean {
		const place = this.#find({ service, instance })?.place;
		return place?.domain === domain;
	}

	/** Calls that could be run now at this place. */
	freeAt(place: Place): number {
		return this.#find(place)?.local.admission.free ?? 0;
	}

	/** Whether anything is served here to which this domain may give calls, or has: also what is leaving. */
	isServedIn(domain: string): boolean {
		return [...this.#entries].some(({ place }) => place?.domain === domain);
	}

	#find({ service, instance }: InstanceName): Entry | undefined {
		return [...this.#entries].find(({ local }) => local.service.name === service && local.instance === instance);
	}

	#refuse({ local, place }: Entry): void {
		local.admission.refuse();
		if (place !== undefined) this.#parts.inbox.serve(place, 0);
	}

	/** Resolves when nothing of it runs, and the domain knows what came of the calls that it had kept for it. */
	async #whenIdle({ local, place }: Entry): Promise<void> {
		await local.admission.whenIdle();
		if (place !== undefined) await this.#parts.inbox.whenIdle(place);
	}

	/** @returns what takes it out again. @throws BusError `conflict` */
	#list(local: LocalService): () => void {
		const remove = this.#parts.directory.add(local);
		try {
			const giveBack = this.#names.take(local.service, local.instance);
			return () => {
				giveBack();
				remove();
			};
		} catch (error) {
			remove();
			throw error;
		}
	}

	#registrar(domain: string): Registrar {
		const known = this.#registrars.get(domain);
		if (known !== undefined) return known;
		const { link, log, ask, from, capabilities } = this.#parts;
		const registrar = new Registrar({
			domain,
			log,
			ask: (payload, atMostMs) => ask(domain, payload, atMostMs),
			showPresence: () =>
				link.send(presence({ to: domain, from: from()?.toString() }, encodeCapabilities(capabilities()))),
			after: (delayMs, action) => {
				const timer = setTimeout(action, delayMs);
				return () => clearTimeout(timer);
			},
		});
		this.#registrars.set(domain, registrar);
		return registrar;
	}

	/** Tries until the domain has an answer: it may be starting, too. @throws BusError */
	async #register(registrar: Registrar, { local, place }: Entry, domain: string, labels: Labels): Promise<void> {
		const { connectTimeoutMs, log } = this.#parts;
		const endMs = performance.now() + connectTimeoutMs;
		const { service, description, admission, instance } = local;
		const { name, version } = service;
		const { fingerprint } = description;
		const registration = { service: name, version, fingerprint, instance, concurrency: admission.max, labels };
		const item: Registrable = {
			registration,
			heartbeat: () => ({
				service: name,
				instance,
				state: admission.isRefusing ? "draining" : "available",
				running: admission.running,
			}),
			onGrant: ({ access }) => {
				local.registeredWith(domain, access);
				if (place !== undefined) this.#parts.inbox.serve(place, creditOf(local));
			},
		};
		for (let attempts = 1; ; attempts++) {
			try {
				await registrar.add(item);
				return;
			} catch (thrown) {
				const error = BusError.from(thrown);
				const isOver = performance.now() + RETRY_MS >= endMs;
				if (this.#stopped || isFinal(error) || isOver) throw notRegistered(name, domain, error);
				if (attempts === 1) log.warn(`${name} is not registered with ${domain} yet: ${error.message}; trying again`);
				await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
			}
		}
	}

	async #deregister({ local, registrar, place }: Entry): Promise<void> {
		if (registrar === undefined) return;
		if (place !== undefined) this.#parts.inbox.leave(place);
		try {
			await registrar.remove({ service: local.service.name, instance: local.instance });
		} catch (error) {
			// Its lease ends by itself.
			this.#parts.log.warn(`${local.service.name} could not be deregistered: ${BusError.from(error).message}`);
		}
	}
}

/** Where its domain gives it calls; `undefined`: it has no function for that. */
function placeOf(domain: string, { service, instance }: LocalService): Place | undefined {
	const isDurable = Object.values(service.functions).some(({ delivery }) => delivery !== "at-most-once");
	return isDurable ? { domain, service: service.name, instance } : undefined;
}

/** How many calls it takes of its domain, in all. */
function creditOf({ admission }: LocalService): number {
	return admission.isRefusing ? 0 : Math.min(MAX_CREDIT, admission.max);
}

/** For whoever reads no more than the message of what ended a process. */
function notRegistered(service: string, domain: string, { code, message, executed, retryAfterMs }: BusError): BusError {
	const retry = retryAfterMs === undefined ? {} : { retryAfterMs };
	return new BusError(code, `${service} is not registered with ${domain}: ${message}`, { executed, ...retry });
}
