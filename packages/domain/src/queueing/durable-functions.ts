import { isServedBy, majorOf, type ServiceDescription } from "@antiphon/contract";
import type { View } from "@antiphon/delivery";
import { BusError } from "@antiphon/protocol";
import type { DomainHost } from "../host/domain-host.js";
import { type DurableFunction, type DurableService, durableIn, functionsKept } from "./functions-known.js";

export interface FoundFunction extends DurableFunction {
	/** Of the contract that the caller was built with; where it does not say, the newest major version. */
	readonly version: string;
}

/** Which functions calls can be submitted to: those of who is registered, else of the last contract that was seen. */
export class DurableFunctions {
	readonly #host: DomainHost;
	readonly #view: View;
	readonly #durable = new WeakMap<ServiceDescription, DurableService>();

	constructor(host: DomainHost, view: View) {
		this.#host = host;
		this.#view = view;
	}

	/**
	 * @param service and `fn` in lower case
	 * @param asked the version of the caller's contract
	 * @returns the function, or why there is none: `not-found`, `unimplemented`, `unavailable`
	 */
	find(service: string, fn: string, asked: string | undefined): FoundFunction | BusError {
		const known = this.#of(service, asked);
		if (known === undefined) return this.#absence(service, asked);
		const found = known.functions.find(({ name }) => name.toLowerCase() === fn);
		if (found !== undefined) return { ...found, version: asked ?? `${majorOf(known.version)}.0.0` };
		// Callers may be upgraded before their providers.
		if (asked !== undefined && !isServedBy(asked, known.version)) {
			return new BusError("unavailable", `${service} ${asked} was not served here yet, only ${known.version}`);
		}
		const message = `${service}.${fn} is no function of ${service} ${known.version}, or none whose calls are kept: call it without delivery`;
		return new BusError("unimplemented", message);
	}

	#of(service: string, asked: string | undefined): DurableService | undefined {
		const isAsked = ({ version }: { readonly version: string }) =>
			asked === undefined || majorOf(version) === majorOf(asked);
		const registered = this.#host.registry.contracts.newest(service).find(isAsked);
		return registered === undefined ? functionsKept(this.#view, service).find(isAsked) : this.#durableIn(registered);
	}

	#durableIn(description: ServiceDescription): DurableService {
		const durable = this.#durable.get(description) ?? durableIn(description);
		this.#durable.set(description, durable);
		return durable;
	}

	#absence(service: string, asked: string | undefined): BusError {
		const { registry, owners, hearing, domain } = this.#host;
		const isKnown = registry.has(service) || owners.has(service) || functionsKept(this.#view, service).length > 0;
		if (!isKnown && hearing.settlingMs === 0)
			return new BusError("not-found", `nobody owns the name ${service} in ${domain}`);
		const major = asked === undefined ? "" : `, version ${majorOf(asked)}`;
		return new BusError(
			"unavailable",
			`${domain} knows of no function of ${service}${major} whose calls it keeps, so far`,
		);
	}
}
