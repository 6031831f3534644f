import type { Functions, Handlers, Service, ServiceDescription } from "@antiphon/contract";
import { type AccessRule, BusError, isAllowed, isAnyAllowed, type Jid, type Log } from "@antiphon/protocol";
import type { Admission } from "../bounds/admission.js";
import { Complaints } from "../bounds/complaints.js";
import type { Denials } from "../bounds/denials.js";
import type { CallAbort } from "../calls/call-abort.js";
import type { AdmittedCall, Outcome } from "../calls/call-outcome.js";
import type { ServedService } from "../host/directory.js";
import { CallStats } from "./call-stats.js";
import { runHandler } from "./run-handler.js";

export interface LocalServiceParts {
	readonly service: Service;
	readonly description: ServiceDescription;
	readonly handlers: Handlers<Functions>;
	readonly admission: Admission;
	readonly instance: string;
	readonly log: Log;
	/** Where it counts whom it refuses. */
	readonly denials: Denials;
}

/** A service whose handlers run in this process. */
export class LocalService implements ServedService {
	readonly service: Service;
	readonly description: ServiceDescription;
	readonly admission: Admission;
	readonly instance: string;
	readonly stats: CallStats;
	readonly #handlers: Handlers<Functions>;
	readonly #complaints: Complaints;
	readonly #denials: Denials;
	/** While the domain has not said whom it lets in: resolves when it has. */
	rules: Promise<void> | undefined;
	#granted: (() => void) | undefined;
	/** The domain that it is registered with, or is to be, and whom that lets in, once it has said so. */
	#registered: { readonly domain: string; readonly access: readonly AccessRule[] | undefined } | undefined;

	constructor({ service, description, handlers, admission, instance, log, denials }: LocalServiceParts) {
		this.service = service;
		this.description = description;
		this.admission = admission;
		this.instance = instance;
		this.stats = new CallStats(Object.keys(service.functions), () => performance.now());
		this.#handlers = handlers;
		this.#denials = denials;
		this.#complaints = new Complaints(log);
	}

	/** A domain is about to be asked whom it lets in; until it has said so, that is nobody. */
	awaitRulesOf(domain: string): void {
		this.#registered = { domain, access: undefined };
		this.rules = new Promise((resolve) => {
			this.#granted = resolve;
		});
	}

	/** From now on the rules of this domain count. */
	registeredWith(domain: string, access: readonly AccessRule[]): void {
		this.#registered = { domain, access };
		this.rules = undefined;
		this.#granted?.();
	}

	instances(): readonly string[] {
		return [this.instance];
	}

	trusts(peer: Jid): boolean {
		return peer.domain === this.#registered?.domain;
	}

	/** Without a domain there is no policy: who can send to this node can call it. */
	requireCaller(caller: Jid, fn: string): void {
		if (!this.#lets(caller, fn)) this.deny(caller, fn);
	}

	/** The domain that it is registered with has to ask for its contract. */
	isVisibleTo(asker: Jid, fn?: string): boolean {
		return this.trusts(asker) || this.#lets(asker, fn);
	}

	deny(who: Jid, fn?: string): never {
		const name = fn === undefined ? this.service.name : `${this.service.name}.${fn}`;
		const { domain, access } = this.#registered ?? {};
		if (access === undefined) throw new BusError("unavailable", `${name} is not registered with ${domain} yet`);
		return this.#denials.deny(`${who.bare()} may not call ${name}: the policy of ${domain} does not allow it`);
	}

	get idleMs(): number {
		return this.admission.idleMs;
	}

	#lets(who: Jid, fn: string | undefined): boolean {
		if (this.#registered === undefined) return true;
		const { access } = this.#registered;
		if (access === undefined) return false;
		const { name } = this.service;
		return fn === undefined ? isAnyAllowed(access, who, name) : isAllowed(access, who, `${name}.${fn}`);
	}

	async run(call: AdmittedCall, abort: CallAbort): Promise<Outcome> {
		const end = this.stats.begin(call.fnName);
		try {
			const outcome = await runHandler(this.#handlers, call, abort, this.#complaints);
			// What comes after the call was ended is not what its caller was told.
			end(abort.reason ?? ("error" in outcome ? outcome.error : undefined));
			return outcome;
		} catch (thrown) {
			end(new BusError("internal", "internal error"));
			throw thrown;
		}
	}
}
