import type { Client, DurableCallOptions, Functions, Service } from "@antiphon/contract";
import { BusError, checkedLabels, ENCODINGS, type Encoding, Jid, type Labels } from "@antiphon/protocol";
import { asCallFailure } from "../calls/call-failure.js";
import { addressOf } from "../host/directory.js";
import { type Caller, type CallTarget, call } from "./call.js";
import { clientTools } from "./client-tools.js";
import { DomainRoute } from "./domain-route.js";
import { callDurably, sendDurably } from "./durable-call.js";
import type { Resolver } from "./resolver.js";
import { FixedRoute } from "./route.js";

/** Where the functions of a service are found. */
export type ClientOptions = {
	/** How values are written on the wire. Default `msgpack`; `json` can be read in any XML console. */
	readonly encoding?: Encoding;
} & (
	| {
			/** The domain whose JIDs are services and functions. */
			readonly domain: string;
			/** One instance, instead of the one that is best off. */
			readonly instance?: string;
			/**
			 * Instances that have more of these labels are taken before others: `{ region: "eu", zone: "eu-1a" }`. When none
			 * of them can take a call, another one does.
			 */
			readonly labels?: Labels;
			readonly to?: undefined;
	  }
	| {
			/** The full JID of a node that serves at its own address. */
			readonly to: string;
			// One address leaves nothing to choose.
			readonly domain?: undefined;
			readonly instance?: undefined;
			readonly labels?: undefined;
	  }
);

/** A plain object with a function for each of the contract. @throws BusError `invalid-argument` for malformed options */
export function makeClient<F extends Functions>(
	caller: Caller,
	service: Service<F>,
	options: ClientOptions,
): Client<F> {
	// JavaScript may leave out either.
	if (typeof service?.functions !== "object") {
		throw new BusError("invalid-argument", "a client needs a service: client(service, { domain })");
	}
	const { encoding = "msgpack", domain, to, instance, labels }: Given = options ?? {};
	if (domain !== undefined && to !== undefined) {
		throw new BusError("invalid-argument", `a client of ${service.name} takes { domain } or { to }, not both`);
	}
	if (typeof (domain ?? to) !== "string") {
		throw new BusError("invalid-argument", `a client of ${service.name} needs { domain } or { to }, a string`);
	}
	if (!ENCODINGS.includes(encoding)) {
		throw new BusError("invalid-argument", `encoding must be one of ${ENCODINGS.join(", ")}, not ${encoding}`);
	}
	const route =
		domain === undefined
			? new FixedRoute(addressFor(() => Jid.parse(to as string)))
			: domainRoute(caller.resolver, service, { domain, instance, labels: labels && checkedLabels(labels) });
	const queue = domain === undefined || instance !== undefined ? undefined : addressOf(domain, service.name);
	const functions = Object.entries(service.functions).map(([fnName, fn]) => {
		const name = `${service.name}.${fnName}`;
		const target: CallTarget = { name, version: service.version, fnName, fn, route, queue, encoding };
		return [fnName, callable(caller, target)];
	});
	return Object.fromEntries([...functions, ...Object.entries(clientTools(route))]) as Client<F>;
}

/** What a client has for one function. */
function callable(caller: Caller, target: CallTarget) {
	const { delivery } = target.fn;
	const make = (input?: unknown, options: DurableCallOptions = {}) =>
		// JavaScript may pass null.
		(options?.delivery ?? delivery) === "at-most-once"
			? call(caller, target, input, options)
			: callDurably(caller, target, input, options);
	if (delivery === "at-most-once") return Object.defineProperty(make, "send", { value: () => cannotSend(target) });
	const send = (input?: unknown, options: DurableCallOptions = {}) => sendDurably(caller, target, input, options);
	return Object.assign(make, { send });
}

/** TypeScript knows that there is no `send`; JavaScript is told why. */
async function cannotSend({ name }: CallTarget): Promise<never> {
	const instead =
		'state delivery "at-least-once" or "effectively-once" for it in the contract, or call it without send';
	throw asCallFailure(new BusError("invalid-argument", `${name} is not durable, so nothing would keep it: ${instead}`));
}

function domainRoute(
	resolver: Resolver,
	{ name, version }: Service,
	{ domain, instance, labels }: { domain: string; instance: string | undefined; labels: Labels | undefined },
): DomainRoute {
	const at = (fn?: string) => addressFor(() => addressOf(domain, name, fn, instance));
	const address = addressFor(() => addressOf(domain, name));
	// Also says so if the instance is no resource.
	at();
	const view = resolver.view(address);
	return new DomainRoute({ view, address: address.toString(), version, instance, labels, addressOf: at });
}

/** {@link ClientOptions} as they may come. */
interface Given {
	readonly encoding?: Encoding;
	readonly domain?: string | undefined;
	readonly to?: string | undefined;
	readonly instance?: string | undefined;
	readonly labels?: Labels | undefined;
}

/** @throws BusError `invalid-argument` */
function addressFor(make: () => Jid): Jid {
	try {
		return make();
	} catch (cause) {
		throw new BusError("invalid-argument", BusError.from(cause).message, { executed: "no", cause });
	}
}
