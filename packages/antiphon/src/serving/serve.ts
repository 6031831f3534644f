import { describe, type Functions, type Handlers, type Service } from "@antiphon/contract";
import type { Link } from "@antiphon/link";
import { BusError, Jid, type Log } from "@antiphon/protocol";
import { Admission } from "../bounds/admission.js";
import type { Denials } from "../bounds/denials.js";
import { LocalService } from "./local-service.js";
import type { ServeOptions } from "./served.js";

/** What serving needs of the node. */
export interface Site {
	readonly maxCallsIn: number;
	readonly log: Log;
	readonly denials: Denials;
}

/** Checks what a node is asked to serve. @throws BusError, TypeError: see `Node.serve` */
export function checkedService<F extends Functions>(
	service: Service<F>,
	handlers: Handlers<F>,
	{ instance, concurrency }: Pick<ServeOptions, "concurrency"> & { readonly instance: string },
	site: Site,
): LocalService {
	requireHandlers(service, handlers);
	return new LocalService({
		service,
		handlers: handlers as unknown as Handlers<Functions>,
		admission: new Admission(service.name, checkedConcurrency(concurrency ?? site.maxCallsIn)),
		description: describe(service),
		instance: checkedInstance(instance),
		log: site.log,
		denials: site.denials,
	});
}

/** @throws TypeError naming the function. What every object inherits is no handler. */
function requireHandlers(service: Service, handlers: object): void {
	for (const fn of Object.keys(service.functions)) {
		const handler = (handlers as Record<string, unknown>)[fn];
		const inherited = (Object.prototype as unknown as Record<string, unknown>)[fn];
		if (typeof handler !== "function" || handler === inherited) {
			throw new TypeError(`${service.name}.${fn} has no handler`);
		}
	}
}

function checkedConcurrency(concurrency: number): number {
	if (Number.isInteger(concurrency) && concurrency > 0) return concurrency;
	throw new BusError("invalid-argument", `concurrency must be a whole number above 0, not ${concurrency}`);
}

/** As it is spelled in addresses. @throws BusError `invalid-argument` for what no resource can be */
function checkedInstance(instance: string): string {
	try {
		return Jid.of(undefined, "domain", instance).resource as string;
	} catch (cause) {
		throw new BusError("invalid-argument", `instance: ${BusError.from(cause).message}`, { cause });
	}
}

/**
 * The domain in which a service is to be registered; `undefined` where its addresses are this node's without asking.
 * @throws BusError `invalid-argument`
 */
export function domainToAsk(asked: string | undefined, link: Link): string | undefined {
	if (asked === undefined) return undefined;
	const domain = Jid.tryParse(asked)?.toString();
	if (domain === undefined || /[@/]/.test(domain)) throw new BusError("invalid-argument", `not a domain: ${asked}`);
	return domain === link.ownedDomain || link.claim?.(domain) ? undefined : domain;
}
