import type { CallOptions, Client, Functions, Service } from "@antiphon/contract";
import type { IqTable } from "@antiphon/link";
import { BusError, type Encoding, Jid } from "@antiphon/protocol";
import { call } from "./call.js";
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

/** A plain object with a function for each of the contract. @throws BusError `invalid-argument` for a malformed address */
export function makeClient<F extends Functions>(
	table: IqTable,
	service: Service<F>,
	options: ClientOptions,
	from: () => Jid | undefined,
	defaultTimeoutMs: number,
): Client<F> {
	const functions = Object.entries(service.functions).map(([fnName, fn]) => {
		const to = addressFor(service.name, fnName, options);
		const fixed = { name: `${service.name}.${fnName}`, version: service.version, fn, to };
		const invoke = (input?: unknown, callOptions: CallOptions = {}) =>
			call(
				table,
				{ ...fixed, from: from(), encoding: options.encoding ?? "msgpack" },
				input,
				callOptions,
				defaultTimeoutMs,
			);
		return [fnName, invoke] as const;
	});
	return Object.fromEntries(functions) as unknown as Client<F>;
}

function addressFor(service: string, fn: string, options: ClientOptions): Jid {
	try {
		return "to" in options ? Jid.parse(options.to) : addressOf(options.domain, service, fn, options.instance);
	} catch (cause) {
		throw new BusError("invalid-argument", BusError.from(cause).message, { executed: "no", cause });
	}
}
