import { type CallOptions, type FunctionContract, outgoing, parse } from "@antiphon/contract";
import type { IqTable } from "@antiphon/link";
import {
	BusError,
	decodeFault,
	decodeReply,
	decodeStanzaError,
	type Encoding,
	encodeCall,
	type Jid,
	MAX_TTL_MS,
} from "@antiphon/protocol";
import type { Element } from "@antiphon/xml";
import { settleBy } from "./settle-by.js";

/** What a client knows of one function. */
export interface CallTarget {
	/** `service.function` */
	readonly name: string;
	readonly version: string;
	readonly fn: FunctionContract;
	readonly to: Jid;
	readonly from: Jid | undefined;
	readonly encoding: Encoding;
}

/**
 * The caller's half of a call: validate, encode, ask, decode, validate. Settles by its deadline whatever happens.
 * @throws BusError
 */
export async function call(
	table: IqTable,
	target: CallTarget,
	given: unknown,
	options: CallOptions,
	defaultTimeoutMs: number,
): Promise<unknown> {
	const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
	if (!(timeoutMs > 0 && timeoutMs <= MAX_TTL_MS)) {
		throw new BusError("invalid-argument", `timeoutMs must be above 0 and at most ${MAX_TTL_MS}, not ${timeoutMs}`);
	}
	const deadlineMs = performance.now() + timeoutMs;
	const { fn, name, to, from } = target;
	const { signal } = options;

	let parsed = parse(fn.input, given, `${name}: input`, "invalid-argument");
	if (parsed instanceof Promise) parsed = await settleBy(parsed, deadlineMs, signal, "no");
	const ttlMs = deadlineMs - performance.now();
	const payload = encodeCall({
		fn: name,
		version: target.version,
		ttlMs,
		encoding: target.encoding,
		input: outgoing(given, parsed),
		traceparent: options.traceparent,
		tracestate: options.tracestate,
	});
	const answer = await table.request({ type: fn.kind, to, from, payload, timeoutMs: ttlMs, signal });
	if (answer.attr("type") === "error") throw await received(fn, name, answer, deadlineMs, signal);
	const output = parse(fn.output, decodeReply(answer.child()), `${name}: the reply`, "protocol");
	return output instanceof Promise ? settleBy(output, deadlineMs, signal, "yes") : output;
}

/** The error that came back; the data of a declared fault in its parsed form. */
async function received(
	fn: FunctionContract,
	name: string,
	answer: Element,
	deadlineMs: number,
	signal: AbortSignal | undefined,
): Promise<BusError> {
	const error = decodeFault(decodeStanzaError(answer));
	const schema = error.code === "fault" && Object.hasOwn(fn.faults, error.name) ? fn.faults[error.name] : undefined;
	// A fault that our version of the contract does not know comes from a newer provider: it stays as it came.
	if (schema === undefined) return error;
	try {
		let data = parse(schema, error.data, `${name}: fault ${error.name}`, "protocol");
		if (data instanceof Promise) data = await settleBy(data, deadlineMs, signal, "yes");
		return new BusError("fault", error.message, { executed: error.executed, name: error.name, data });
	} catch (cause) {
		return BusError.from(cause);
	}
}
