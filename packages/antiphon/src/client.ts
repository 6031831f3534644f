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
	const { encoding = "msgpack" } = options;
	if (!ENCODINGS.includes(encoding)) {
		throw new BusError("invalid-argument", `encoding must be one of ${ENCODINGS.join(", ")}, not ${encoding}`);
	}
	const functions = Object.entries(service.functions).map(([fnName, fn]) => {
		const name = `${service.name}.${fnName}`;
		const to = addressFor(service.name, fnName, options);
		const target: CallTarget = { name, version: service.version, fn, to, encoding };
		return [fnName, (input?: unknown, callOptions: CallOptions = {}) => call(caller, target, input, callOptions)];
	});
	return Object.fromEntries(functions) as Client<F>;
}

function addressFor(service: string, fn: string, options: ClientOptions): Jid {
	try {
		return "to" in options ? Jid.parse(options.to) : addressOf(options.domain, service, fn, options.instance);
	} catch (cause) {
		throw new BusError("invalid-argument", BusError.from(cause).message, { executed: "no", cause });
	}
}
