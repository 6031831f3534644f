import type { CallOptions, Client, Functions, Service } from "@antiphon/contract";
import { BusError, ENCODINGS, type Encoding, Jid } from "@antiphon/protocol";
import { type Caller, type CallTarget, call } from "./call.js";
import { addressOf } from "./directory.js";

/** Where the functions of a service are found. */
export type ClientOptions = {
	/** How values are written on the wire. Default `msgpack`; `json` can be read in any XML console. */
	readonly encoding?: Encoding;
} & (
	| {
			/** The domain whose JIDs are services and functions. */
			readonly domain: string;
			/** One instance, instead of whichever answers. */
			readonly instance?: string;
	  }
	| {
			/** The full JID of a node that serves at its own address. */
			readonly to: string;
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
	const { encoding = "msgpack", domain, to, instance }: Given = options ?? {};
	if (domain !== undefined && to !== undefined) {
		throw new BusError("invalid-argument", `a client of ${service.name} takes { domain } or { to }, not both`);
	}
	if (typeof (domain ?? to) !== "string") {
		throw new BusError("invalid-argument", `a client of ${service.name} needs { domain } or { to }, a string`);
	}
	if (!ENCODINGS.includes(encoding)) {
		throw new BusError("invalid-argument", `encoding must be one of ${ENCODINGS.join(", ")}, not ${encoding}`);
	}
	const functions = Object.entries(service.functions).map(([fnName, fn]) => {
		const name = `${service.name}.${fnName}`;
		const address = addressFor(service.name, fnName, { domain, to, instance });
		const target: CallTarget = { name, version: service.version, fn, to: address, encoding };
		return [fnName, (input?: unknown, callOptions: CallOptions = {}) => call(caller, target, input, callOptions)];
	});
	return Object.fromEntries(functions) as Client<F>;
}

/** {@link ClientOptions} as they may come. */
interface Given {
	readonly encoding?: Encoding;
	readonly domain?: string | undefined;
	readonly to?: string | undefined;
	readonly instance?: string | undefined;
}

function addressFor(service: string, fn: string, { domain = "", to, instance }: Given): Jid {
	try {
		return to === undefined ? addressOf(domain, service, fn, instance) : Jid.parse(to);
	} catch (cause) {
		throw new BusError("invalid-argument", BusError.from(cause).message, { executed: "no", cause });
	}
}
