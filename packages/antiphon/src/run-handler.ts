import { type FunctionContract, outgoing, parse } from "@antiphon/contract";
import {
	BusError,
	type CallHead,
	decodeBody,
	encodeFault,
	encodeReply,
	errorOf,
	type Log,
	resultOf,
} from "@antiphon/protocol";
import type { Element } from "@antiphon/xml";
import { callContext, DeclaredFault } from "./call-context.js";
import type { ServedService } from "./directory.js";
import type { Incoming } from "./node-host.js";

/** A call that passed every check and waits for its handler. */
export interface AdmittedCall {
	readonly incoming: Incoming;
	readonly head: CallHead;
	readonly served: ServedService;
	readonly fn: FunctionContract;
	readonly fnName: string;
	/** On the clock of `performance.now()`. */
	readonly deadlineMs: number;
}

/** Codes that a handler may answer with by throwing a BusError of its own. Everything else is `internal`. */
const PASSED_ON = new Set([
	"invalid-argument",
	"not-found",
	"forbidden",
	"unauthenticated",
	"unavailable",
	"overloaded",
	"conflict",
]);

/** Decode, validate, handle, validate, encode. Never rejects: whatever goes wrong becomes the answer. */
export async function runHandler(call: AdmittedCall, signal: AbortSignal, log: Log): Promise<Element> {
	const { stanza, payload } = call.incoming;
	try {
		const input = await parse(call.fn.input, decodeBody(payload, call.head.encoding), "input", "invalid-argument");
		signal.throwIfAborted();
		return resultOf(stanza, await outcome(call, input, signal));
	} catch (error) {
		return errorAnswer(stanza, presentable(call, error, log), call.head);
	}
}

/** The answer to a call that failed. In the encoding of the call, or JSON where that could not be read. */
export function errorAnswer(request: Element, error: BusError, head: CallHead | undefined): Element {
	return errorOf(request, encodeFault(error, head?.encoding ?? "json"));
}

/** Runs the handler. @returns `<reply/>`; throws {@link HandlerError} for whatever comes out of the handler otherwise */
async function outcome(call: AdmittedCall, input: unknown, signal: AbortSignal): Promise<Element> {
	const { incoming, head, served, fn, fnName, deadlineMs } = call;
	const callId = incoming.stanza.attr("id") ?? "";
	const ctx = callContext({ from: incoming.from.toString(), callId, head, signal, deadlineMs });
	try {
		const output = await served.handlers[fnName]?.(input as never, ctx as never);
		const checked = outgoing(output, await parse(fn.output, output, "its output", "protocol"));
		return encodeReply(head.encoding, checked);
	} catch (error) {
		throw error instanceof DeclaredFault ? await declared(call, error) : new HandlerError(error);
	}
}

/** A fault as it goes out, once its data has passed its schema. */
async function declared({ fn, head }: AdmittedCall, fault: DeclaredFault): Promise<BusError | HandlerError> {
	const schema = fn.faults[fault.name];
	if (schema === undefined) return new HandlerError(new Error(`fault ${fault.name} is not declared`));
	try {
		const data = outgoing(fault.data, await parse(schema, fault.data, `fault ${fault.name}`, "protocol"));
		const checked = new BusError("fault", fault.message, { name: fault.name, data });
		encodeFault(checked, head.encoding);
		return checked;
	} catch (error) {
		return new HandlerError(error);
	}
}

/** Marks what happened in or after the handler, as against before it. */
class HandlerError extends Error {
	constructor(cause: unknown) {
		super("the handler failed", { cause });
	}
}

/** What may leave the process of an error. */
function presentable(call: AdmittedCall, thrown: unknown, log: Log): BusError {
	if (!(thrown instanceof HandlerError)) return BusError.from(thrown);
	const { cause } = thrown;
	if (cause instanceof BusError && PASSED_ON.has(cause.code)) {
		const retry = cause.retryAfterMs === undefined ? {} : { retryAfterMs: cause.retryAfterMs };
		return new BusError(cause.code, cause.message, { executed: "yes", ...retry });
	}
	const detail = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
	log.error(`${call.head.fn}, called by ${call.incoming.from}, failed: ${detail}`);
	return new BusError("internal", "internal error", { executed: "yes" });
}
