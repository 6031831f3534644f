import { type Service, type ServiceDescription, untyped } from "@antiphon/contract";
import { BusError, type Jid } from "@antiphon/protocol";
import {
	Admission,
	type AdmittedCall,
	attempt,
	Balancer,
	type CallAbort,
	Departures,
	isVersionOf,
	type Outcome,
	type Route,
	type ServedService,
} from "antiphon/modules";
import type { DomainHost } from "./domain-host.js";
import { forward, passedOn } from "./forwarding.js";
import { instanceLine } from "./instance-line.js";
import type { Instance } from "./registry.js";

/** A major version of a service that others provide: calls to its JIDs in the domain are passed on to them. */
export class ForwardedService implements ServedService {
	readonly service: Service;
	readonly description: ServiceDescription;
	readonly admission: Admission;
	readonly #host: DomainHost;
	readonly #balancer = new Balancer();
	readonly #departures = new Departures();

	/** @throws TypeError when the description, which came from a provider, is not a service's */
	constructor(host: DomainHost, description: ServiceDescription) {
		const { maxCalls, maxCallsPerCaller } = host.limits;
		this.service = untyped(description);
		this.description = description;
		this.admission = new Admission(`${description.service}@${host.domain}`, maxCalls, maxCallsPerCaller);
		this.#host = host;
	}

	/** These are its providers now. */
	update(instances: readonly Instance[]): void {
		const lines = instances.map(instanceLine);
		this.#balancer.update(lines);
		this.#departures.update(lines);
	}

	instances(): readonly string[] {
		return this.#balancer.instances().map(({ name }) => name);
	}

	/** A domain passes on calls for those who make them, not for those who say that they pass on. */
	trusts(): boolean {
		return false;
	}

	requireCaller(caller: Jid, fn: string): void {
		if (!this.isVisibleTo(caller, fn)) this.deny(caller, fn);
	}

	isVisibleTo(asker: Jid, fn?: string): boolean {
		const { policy } = this.#host;
		const { name } = this.service;
		return fn === undefined ? policy.maySee(asker, name) : policy.mayCall(asker, name, fn);
	}

	deny(who: Jid, fn?: string): never {
		const { name } = this.service;
		return this.#host.deny(`${who.bare()} may not call ${fn === undefined ? name : `${name}.${fn}`}`);
	}

	/** Most calls do not come through the domain. */
	get idleMs(): undefined {
		return undefined;
	}

	async run(call: AdmittedCall, abort: CallAbort): Promise<Outcome> {
		try {
			const route = this.#routeOf(call);
			const first = route.next(call.fnName, new Set());
			if (first === undefined) throw new BusError("unavailable", `nobody serves ${call.to} at the moment`);
			const reply = await attempt(
				{
					route,
					fn: call.fnName,
					kind: call.kind,
					remainingMs: () => call.deadlineMs - performance.now(),
					ask: ({ to }) => forward(this.#host.node, call, to, abort),
				},
				first,
			);
			return { reply };
		} catch (thrown) {
			return { error: passedOn(BusError.from(thrown)) };
		}
	}

	#routeOf({ to, head }: AdmittedCall) {
		const { node } = this.#host;
		const balancer = this.#balancer;
		const departures = this.#departures;
		const serves = ({ version }: { readonly version: string }) => isVersionOf(version, head.version);
		return {
			next(_fn: string, tried: ReadonlySet<string>) {
				const candidate = balancer.pick({ instance: to.resource, except: tried, serves }, node.now());
				if (candidate === undefined) return undefined;
				return {
					to: candidate.instance.jid,
					key: candidate.key,
					isNamed: true,
					begin: () => {
						const end = candidate.begin(node.now());
						return (ending) => end(ending, node.now());
					},
					onGone: (listener) => departures.on(candidate.instance.jid, listener),
				};
			},
			// Who asks a function's JID knows nothing of instances, and waits for one answer.
			canHedge: () => false,
			spendHedge: () => false,
		} satisfies Route;
	}
}
