import {
	type CallOptions,
	DELIVERIES,
	type Delivery,
	type DurableCallOptions,
	type FunctionContract,
} from "@antiphon/contract";
import { BusError, type DurableDelivery, requireNames } from "@antiphon/protocol";

const PLAIN = {
	timeoutMs: true,
	signal: true,
	traceparent: true,
	tracestate: true,
} satisfies Record<keyof CallOptions, true>;
const DURABLE = {
	...PLAIN,
	key: true,
	orderKey: true,
	notBefore: true,
	expiresMs: true,
	retry: true,
	delivery: true,
} satisfies Record<keyof DurableCallOptions, true>;
const [PLAIN_NAMES, DURABLE_NAMES] = [Object.keys(PLAIN), Object.keys(DURABLE)];

/** Which function is called. */
interface Called {
	/** `service.function` */
	readonly name: string;
	readonly fn: FunctionContract;
}

/** What a call may be told. JavaScript may misspell it, and would wonder. @throws BusError `invalid-argument` */
export function requireCallOptions({ fn }: Pick<Called, "fn">, options: unknown): void {
	requireNames(options, fn.delivery === "at-most-once" ? PLAIN_NAMES : DURABLE_NAMES);
}

/** What a call that is kept is promised. @throws BusError `invalid-argument` for anything else */
export function durableDelivery({ name, fn }: Called, delivery: Delivery = fn.delivery): DurableDelivery {
	if (delivery === "at-least-once" || delivery === "effectively-once") return delivery;
	if (delivery === "at-most-once") {
		const message = `what is sent is kept, which delivery "at-most-once" is not: call ${name} with that, without send`;
		throw new BusError("invalid-argument", message);
	}
	const message = `delivery must be one of ${DELIVERIES.join(", ")}, not ${JSON.stringify(delivery)}`;
	throw new BusError("invalid-argument", message);
}
