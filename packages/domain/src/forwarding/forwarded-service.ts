import { majorOf, type Service, type ServiceDescription, untyped } from "@antiphon/contract";
import { BusError, type Jid } from "@antiphon/protocol";
import {
	type Admission,
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
import { forward, passedOn, stillRuns } from "./forwarding.js";

/** A major version of a service that others provide: calls to its JIDs in the domain are passed on to them. */
export class ForwardedService implements ServedService {
	readonly service: Service;
	readonly description: ServiceDescription;
	readonly admission: Admission;
	readonly #host: DomainHost;
	readonly #pool: InstancePool;
	/** Whether its providers have changed since the pool was filled. */
	#isStale = true;

	/**
	 * @param admission that of the service, whichever its version
	 * @throws TypeError when the description, which came from a provider, is not a service's
	 */
	constructor(host: DomainHost, description: ServiceDescription, admission: Admission) {
		this.service = untyped(description);
		this.description = description;
		this.admission = admission;
		this.#host = host;
		this.#pool = new InstancePool(() => host.node.now());
	}

	/**
	 * Its providers have changed. They may be many and change often, so they are looked up when somebody needs them: a
	 * call that comes, or one that waits for a provider and has to hear if that has gone.
	 */
	changed(): void {
		this.#isStale = true;
		if (this.#pool.isAwaited) this.#fresh();
	}

	/** Whether a call waits that has to hear of changes. */
	get isAwaited(): boolean {
		return this.#pool.isAwaited;
	}

	instances(): readonly string[] {
		return this.#fresh()
			.instances()
			.map(({ name }) => name);
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
			const passed = this.#withMajor(call);
			const reply = await attempt(
				{
					route,
					fn: call.fnName,
					kind: call.kind,
					remainingMs: () => call.deadlineMs - performance.now(),
					ask: ({ to }, giveUpOn) => forward(this.#host.node, passed, to, abort, giveUpOn),
					isRunning: ({ to }, id) => stillRuns(this.#host.node, passed, to, id),
				},
				first,
			);
			return { reply };
		} catch (thrown) {
			return { error: passedOn(BusError.from(thrown)) };
		}
	}

	#fresh(): InstancePool {
		if (!this.#isStale) return this.#pool;
		this.#isStale = false;
		const major = majorOf(this.service.version);
		const instances = this.#host.registry.instances(this.service.name);
		this.#pool.update(instances.filter(({ version }) => majorOf(version) === major).map(instanceLine));
		return this.#pool;
	}

	/** Who names no version gets the major that was chosen here: the provider may serve others, too. */
	#withMajor(call: AdmittedCall): AdmittedCall {
		if (call.head.version !== undefined) return call;
		return { ...call, payload: call.payload.with({ v: `${majorOf(this.service.version)}.0.0` }) };
	}

	#routeOf({ to, head }: AdmittedCall) {
		const serves = ({ version }: { readonly version: string }) => isVersionOf(version, head.version);
		return {
			next: (_fn: string, tried: ReadonlySet<string>) =>
				this.#fresh().hop({ instance: to.resource, except: tried, serves }),
			// Who asks a function's JID knows nothing of instances, and waits for one answer.
			canHedge: () => false,
			onChange: (listener) => this.#pool.onUpdate(listener),
			spendHedge: () => false,
		} satisfies Route;
	}
}
