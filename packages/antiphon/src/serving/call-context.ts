import type { CallContext } from "@antiphon/contract";
import { BusError, type CallHead } from "@antiphon/protocol";
import type { CallAbort } from "../calls/call-abort.js";

/** The fault that a handler chose with `ctx.fail`. Only this makes a fault: one of another service's does not pass on. */
export class DeclaredFault extends BusError {
	constructor(name: string, data: unknown, message: string) {
		super("fault", message, { name, data });
	}
}

export interface ContextSource {
	readonly from: string;
	readonly callId: string;
	readonly attempt: number;
	readonly head: CallHead;
	readonly abort: CallAbort;
	/** On the clock of `performance.now()`. */
	readonly deadlineMs: number;
}

export function callContext(source: ContextSource): CallContext<Record<string, unknown>> {
	const { from, callId, attempt, head, abort, deadlineMs } = source;
	return {
		from,
		fn: head.fn,
		callId,
		attempt,
		get signal() {
			return abort.signal;
		},
		remainingMs: () => Math.max(0, deadlineMs - performance.now()),
		traceparent: head.traceparent,
		tracestate: head.tracestate,
		fail(name, data, message = name) {
			throw new DeclaredFault(name, data, message);
		},
	};
}
