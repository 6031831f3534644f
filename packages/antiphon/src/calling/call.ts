import { type CallOptions, type FunctionContract, outgoing, parse } from "@antiphon/contract";
import { checkedSignal, type IqTable } from "@antiphon/link";
import {
	BusError,
	decodeFault,
	decodeReply,
	decodeStanzaError,
	type Encoding,
	encodeCall,
	type Jid,
} from "@antiphon/protocol";
import type { Element } from "@antiphon/xml";
import { checkedTimeoutMs } from "../bounds/limits.js";
import { asCallFailure } from "../calls/call-failure.js";
import { cancelMessage } from "../calls/cancel.js";
import { isRunning } from "../calls/running.js";
import { settleBy } from "../calls/settle-by.js";
import { attempt, type GiveUpOn } from "./attempts.js";
import { requireCallOptions } from "./call-options.js";
import type { OutboxRunner } from "./outbox-runner.js";
import type { Resolver } from "./resolver.js";
import type { Hop, Route } from "./route.js";

/** What a call needs of the node that makes it. */
export interface Caller {
	readonly table: IqTable;
	readonly resolver: Resolver;
	/** Hands a stanza to the link; throws when that cannot be. */
	send(stanza: Element): void;
	/** The `from` to send with; a client's server stamps its own. */
	from(): Jid | undefined;
	readonly defaultTimeoutMs: number;
	/** Where durable calls are kept. */
	readonly outbox: OutboxRunner;
	/** This node's own address. @throws BusError `link-lost` once it is closed */
	self(): Jid;
	/** Of the link, in bytes. */
	maxStanzaBytes(): number;
}

/** What a client knows of one function. */
export interface CallTarget {
	/** `service.function` */
	readonly name: string;
	readonly version: string;
	/** Its own name, without the service's. */
	readonly fnName: string;
	readonly fn: FunctionContract;
	readonly route: Route;
	/** Where durable calls are submitted: the address of the service in its domain. `undefined`: they cannot be made. */
	readonly queue: Jid | undefined;
	readonly encoding: Encoding;
}

/**
 * The caller's half of a call: validate, encode, ask, decode, validate. Settles by its deadline whatever happens.
 * @throws BusError
 */
export async function call(caller: Caller, target: CallTarget, given: unknown, options: CallOptions): Promise<unknown> {
	const { fn, fnName, name, route } = target;
	try {
		requireCallOptions(target, options);
		const signal = checkedSignal(options.signal);
		const deadlineMs = performance.now() + checkedTimeoutMs(options.timeoutMs ?? caller.defaultTimeoutMs);
		let input = outgoing(fn.input, given, `${name}: input`, "invalid-argument");
		if (input instanceof Promise) input = await settleBy(input, deadlineMs, signal, "no");
		let first = route.next(fnName, NOWHERE_YET);
		if (first instanceof Promise) first = await settleBy(first, deadlineMs, signal, "no");
		if (first === undefined) throw new BusError("unavailable", `there is nowhere to call ${name}`);
		const remainingMs = () => deadlineMs - performance.now();
		const ask = ({ to }: Hop, giveUpOn: GiveUpOn) =>
			askAt(caller, target, to, { input, deadlineMs, signal, options, giveUpOn });
		const stillRuns = ({ to }: Hop, id: string) =>
			isRunning((request) => caller.table.request(request), { id, to, from: caller.from() });
		const errand = { route, fn: fnName, kind: fn.kind, remainingMs, ask, isRunning: stillRuns };
		const output = await attempt(errand, first);
		const parsed = parsedOutput(target, output, deadlineMs, signal);
		return parsed instanceof Promise ? await parsed : parsed;
	} catch (thrown) {
		throw asCallFailure(thrown);
	}
}

const NOWHERE_YET: ReadonlySet<string> = new Set();

interface Question {
	/** As it travels. */
	readonly input: unknown;
	/** On the clock of `performance.now()`. */
	readonly deadlineMs: number;
	readonly signal: AbortSignal | undefined;
	readonly options: CallOptions;
	readonly giveUpOn: GiveUpOn;
}

/** One attempt, at one address. @returns the output as it came. @throws BusError */
async function askAt(
	caller: Caller,
	target: CallTarget,
	to: Jid,
	{ input, deadlineMs, signal, options, giveUpOn }: Question,
): Promise<unknown> {
	const { name, version, encoding, fn } = target;
	const { traceparent, tracestate } = options;
	const timeoutMs = deadlineMs - performance.now();
	const payload = encodeCall({ fn: name, version, ttlMs: timeoutMs, encoding, input, traceparent, tracestate });
	const from = caller.from();
	const onGivenUp = (id: string) => tellProvider(caller, id, to, from);
	const request = { type: fn.kind, to, from, payload, timeoutMs, signal, giveUpOn, onGivenUp };
	const answer = await caller.table.request(request);
	if (answer.attr("type") === "error") {
		throw await parsedFault(target, decodeFault(decodeStanzaError(answer), to), deadlineMs, signal);
	}
	return decodeReply(onlyChild(answer));
}

/** The provider may stop. When it cannot be told, its own deadline ends the work. */
function tellProvider(caller: Caller, id: string, to: Jid, from: Jid | undefined): void {
	try {
		caller.send(cancelMessage(id, to, from));
	} catch {
		// The link is down or full; the call is given up either way.
	}
}

/** The payload of a result. @throws BusError `protocol` for more than one (RFC 6120, section 8.2.3) */
function onlyChild(answer: Element): Element | undefined {
	const [payload, ...more] = answer.elements();
	if (more.length > 0) throw new BusError("protocol", "the answer has more than one payload");
	return payload;
}

/** What a caller makes of the output as it came. @throws BusError */
export function parsedOutput(
	{ fn, name }: CallTarget,
	output: unknown,
	deadlineMs: number,
	signal: AbortSignal | undefined,
): unknown | Promise<unknown> {
	const parsed = parse(fn.output, output, `${name}: the reply`, "protocol");
	return parsed instanceof Promise ? settleBy(parsed, deadlineMs, signal, "yes") : parsed;
}

/** The error that came back; the data of a declared fault in its parsed form. Never rejects. */
export async function parsedFault(
	{ fn, name }: CallTarget,
	error: BusError,
	deadlineMs: number,
	signal: AbortSignal | undefined,
): Promise<BusError> {
	const schema = error.code === "fault" && Object.hasOwn(fn.faults, error.name) ? fn.faults[error.name] : undefined;
	// A fault that our version of the contract does not know comes from a newer provider: it stays as it came.
	if (schema === undefined) return error;
	const { executed } = error;
	try {
		let data = parse(schema, error.data, `${name}: fault ${error.name}`, "protocol");
		if (data instanceof Promise) data = await settleBy(data, deadlineMs, signal, executed);
		return new BusError("fault", error.message, { executed, name: error.name, data });
	} catch (cause) {
		const { code, message } = BusError.from(cause);
		return new BusError(code, message, { executed, cause });
	}
}
