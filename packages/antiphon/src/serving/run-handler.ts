import { type CallContext, type Functions, type Handlers, outgoing, parse } from "@antiphon/contract";
import { BusError, decodeBody, encodeFault, encodeReply } from "@antiphon/protocol";
import type { Complain, Complaints } from "../bounds/complaints.js";
import type { CallAbort } from "../calls/call-abort.js";
import type { AdmittedCall, Outcome } from "../calls/call-outcome.js";
import { callContext, DeclaredFault } from "./call-context.js";
import { handlerError, inputError, outputError } from "./handler-error.js";

/** Decode, validate, handle, validate, encode. Never rejects: whatever goes wrong becomes the outcome. */
export async function runHandler(
	handlers: Handlers<Functions>,
	call: AdmittedCall,
	abort: CallAbort,
	complaints: Complaints,
): Promise<Outcome> {
	const { payload, head, fn } = call;
	const complain: Complain = (thrown) =>
		complaints.about(fn, `${head.fn}, called by ${call.caller},`, abort.reason !== undefined, thrown);

	let input: unknown;
	try {
		input = parse(fn.input, decodeBody(payload, head.encoding), "input", "invalid-argument");
		if (input instanceof Promise) input = await input;
	} catch (thrown) {
		return { error: inputError(thrown, complain) };
	}
	if (abort.reason !== undefined) return { error: abort.reason };

	let output: unknown;
	try {
		output = await invoke(handlers, call, input, abort);
	} catch (thrown) {
		const isDeclared = thrown instanceof DeclaredFault;
		return { error: isDeclared ? await declared(call, thrown, complain) : handlerError(thrown, complain) };
	}
	try {
		let sent = outgoing(fn.output, output, "output", "protocol");
		if (sent instanceof Promise) sent = await sent;
		return { reply: encodeReply(head.encoding, sent) };
	} catch (thrown) {
		return { error: outputError(thrown, complain) };
	}
}

type AnyHandlers = Readonly<Record<string, (input: unknown, ctx: CallContext) => unknown>>;

/** As a method, so that handlers can be an instance of a class. */
function invoke(
	handlers: Handlers<Functions>,
	{ caller, callId: id, attempt, head, fnName, deadlineMs }: AdmittedCall,
	input: unknown,
	abort: CallAbort,
) {
	const from = caller.toString();
	// Callers make up the ids of their stanzas: beside what the server says of them, no id is another caller's.
	const callId = attempt === undefined ? `${from}/${id}` : id;
	const ctx = callContext({ from, callId, attempt: attempt ?? 1, head, abort, deadlineMs });
	return (handlers as unknown as AnyHandlers)[fnName]?.(input, ctx);
}

/** A fault as it goes out, once its data has passed its schema and can be sent. */
async function declared({ fn, head }: AdmittedCall, fault: DeclaredFault, complain: Complain): Promise<BusError> {
	const { name, message } = fault;
	try {
		if (!Object.hasOwn(fn.faults, name)) throw new Error(`fault ${name} is not declared`);
		const data = await outgoing(fn.faults[name], fault.data, `fault ${name}`, "protocol");
		const checked = new BusError("fault", message, { name, data });
		encodeFault(checked, head.encoding);
		return checked;
	} catch (thrown) {
		return outputError(thrown, complain);
	}
}
