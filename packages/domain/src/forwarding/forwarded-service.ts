import { type Service, type ServiceDescription, untyped } from "@antiphon/contract";
import { BusError, type Jid } from "@antiphon/protocol";
import {
	Admission,
	type AdmittedCall,
	attempt,
	type CallAbort,
	InstancePool,
	isVersionOf,
	type Outcome,
	type Route,
	type ServedService,
} from "antiphon/modules";
import type { DomainHost } from "../host/domain-host.js";
import { instanceLine } from "../registry/instance-line.js";
import type { Instance } from "../registry/registry.js";
import { forward, passedOn } from "./forwarding.js";

/** A major version of a service that others provide: calls to its JIDs in the domain are passed on to them. */
export class ForwardedService implements ServedService {
	readonly service: Service;
	readonly description: ServiceDescription;
	readonly admission: Admission;
	readonly #host: DomainHost;
	readonly #pool: InstancePool;

	/** @throws TypeError when the description, which came from a provider, is not a service's */
	constructor(host: DomainHost, description: ServiceDescription) {
		const { maxCalls, maxCallsPerCaller } = host.limits;
		this.service = untyped(description);
		this.description = description;
		this.admission = new Admission(`${description.service}@${host.domain}`, maxCalls, maxCallsPerCaller);
		this.#host = host;
		this.#pool = new InstancePool(() => host.node.now());
	}

	/** These are its providers now. */
	update(instances: readonly Instance[]): void {
		this.#pool.update(instances.map(instanceLine));
	}

	instances(): readonly string[] {
		return this.#pool.instances().map(({ name }) => name);
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
		const serves = ({ version }: { readonly version: string }) => isVersionOf(version, head.version);
		return {
			next: (_fn: string, tried: ReadonlySet<string>) =>
				this.#pool.hop({ instance: to.resource, except: tried, serves }),
			// Who asks a function's JID knows nothing of instances, and waits for one answer.
			canHedge: () => false,
			spendHedge: () => false,
		} satisfies Route;
	}
}
