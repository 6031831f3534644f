import { describe, type Functions, type Handlers, type Service } from "@antiphon/contract";
import type { Link } from "@antiphon/link";
import { BusError, Jid } from "@antiphon/protocol";
import { Admission } from "./admission.js";
import type { ServedService } from "./directory.js";
import type { ServeOptions } from "./node.js";

/** What serving needs of the node. */
export interface Site {
	readonly link: Link;
	readonly jid: string;
	/** The instance of a service that is given none. */
	readonly instance: string;
	readonly maxCallsIn: number;
}

/**
 * Checks what a node is asked to serve; the domain last, since asking may make it this node's.
 * @throws BusError, TypeError: see `Node.serve`
 */
export function checkedService<F extends Functions>(
	service: Service<F>,
	handlers: Handlers<F>,
	{ domain, instance, concurrency }: ServeOptions,
	site: Site,
): ServedService {
	requireHandlers(service, handlers);
	const served = {
		service,
		handlers: handlers as unknown as Handlers<Functions>,
		admission: new Admission(service.name, checkedConcurrency(concurrency ?? site.maxCallsIn)),
		description: describe(service),
		instance: checkedInstance(instance ?? site.instance),
	};
	if (domain !== undefined) requireDomain(domain, site);
	return served;
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

/** @throws BusError `unimplemented` when functions cannot have their JIDs in this domain from here */
function requireDomain(asked: string, { link, jid }: Site): void {
	const domain = Jid.tryParse(asked)?.toString();
	if (domain === undefined || /[@/]/.test(domain)) throw new BusError("invalid-argument", `not a domain: ${asked}`);
	if (domain === link.ownedDomain || link.claim?.(domain)) return;
	throw new BusError(
		"unimplemented",
		`this link does not own ${domain}. Use a component link of that domain, or leave out domain and call this node at ${jid}`,
	);
}
