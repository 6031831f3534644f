import { type DurableCallOptions, outgoing } from "@antiphon/contract";
import type { Submission } from "@antiphon/delivery";
import { checkedSignal, stanzaId } from "@antiphon/link";
import {
	BusError,
	callDigest,
	callIdOf,
	decodeCallHead,
	encodeCall,
	type Jid,
	legible,
	MAX_EXPIRES_MS,
} from "@antiphon/protocol";
import { serialize } from "@antiphon/xml";
import { checkedTimeoutMs } from "../bounds/limits.js";
import { asCallFailure } from "../calls/call-failure.js";
import { ENVELOPE_BYTES, outputOf } from "../calls/outcome-text.js";
import { settleBy } from "../calls/settle-by.js";
import { type Caller, type CallTarget, parsedFault, parsedOutput } from "./call.js";
import { durableId } from "./durable-id.js";
import { wishedRetry } from "./retry.js";
import type { Patience } from "./waiters.js";

const DEFAULT_EXPIRES_MS = 86_400_000;
const MAX_ORDER_KEY_CHARS = 128;

/** Has a call kept. @returns its id, once it is on disk: here, or at its domain. @throws BusError */
export async function sendDurably(
	caller: Caller,
	target: CallTarget,
	given: unknown,
	options: DurableCallOptions,
): Promise<string> {
	try {
		return (await keep(caller, target, given, options)).callId;
	} catch (thrown) {
		throw asCallFailure(thrown);
	}
}

/** Has a call kept and waits for its outcome. @throws BusError */
export async function callDurably(
	caller: Caller,
	target: CallTarget,
	given: unknown,
	options: DurableCallOptions,
): Promise<unknown> {
	try {
		const { id, to, callId, patience } = await keep(caller, target, given, options);
		const { outcome } = await stillGoesOn(callId, caller.outbox.wait({ to, id }, patience));
		let output: unknown;
		try {
			output = outputOf(outcome);
		} catch (thrown) {
			throw await parsedFault(target, BusError.from(thrown), patience.deadlineMs, patience.signal);
		}
		return await parsedOutput(target, output, patience.deadlineMs, patience.signal);
	} catch (thrown) {
		throw asCallFailure(thrown);
	}
}

interface Kept {
	readonly id: string;
	readonly to: string;
	readonly callId: string;
	readonly patience: Patience;
}

async function keep(caller: Caller, target: CallTarget, given: unknown, options: DurableCallOptions): Promise<Kept> {
	const { fn, name } = target;
	const to = queueOf(target);
	const signal = checkedSignal(options.signal);
	const deadlineMs = performance.now() + checkedTimeoutMs(options.timeoutMs ?? caller.defaultTimeoutMs);
	let input = outgoing(fn.input, given, `${name}: input`, "invalid-argument");
	if (input instanceof Promise) input = await settleBy(input, deadlineMs, signal, "no");
	const submission = submissionOf(caller, target, input, options);
	const callId = durableId(submission.id, to);
	const patience = { deadlineMs, signal };
	await stillGoesOn(callId, caller.outbox.keep(to.toString(), submission, patience));
	return { id: submission.id, to: to.toString(), callId, patience };
}

/** The address of the service. @throws BusError for a client of something else */
function queueOf({ queue, name }: CallTarget): Jid {
	if (queue !== undefined) return queue;
	const message = `${name} is a durable call: it is kept by a domain, for whichever instance has room. Make the client with { domain } alone, or call it with { delivery: "at-most-once" }`;
	throw new BusError("invalid-argument", message);
}

function submissionOf(caller: Caller, target: CallTarget, input: unknown, options: DurableCallOptions): Submission {
	const { fn, name, version, encoding } = target;
	const { key, orderKey, traceparent, tracestate } = options;
	const retry = wishedRetry(fn, options.retry);
	const expiresMs = checkedExpiresMs(options.expiresMs ?? DEFAULT_EXPIRES_MS);
	const afterMs = checkedAfterMs(options.notBefore, expiresMs);
	requireOrderKey(orderKey);
	requireKey(key);
	const call = encodeCall({ fn: name, version, ttlMs: retry.attemptMs, encoding, input, traceparent, tracestate });
	const text = serialize(call);
	const bytes = Buffer.byteLength(text);
	const maxBytes = caller.maxStanzaBytes() - ENVELOPE_BYTES;
	if (bytes > maxBytes) {
		throw new BusError("too-large", `the call has ${bytes} bytes; ${maxBytes} can be kept and delivered`);
	}
	const id = key === undefined ? stanzaId() : callIdOf(caller.self(), name, key);
	const delivery = options.delivery ?? fn.delivery;
	return {
		id,
		call: { fn: name, version, text, digest: callDigest(call, decodeCallHead(call)) },
		delivery: delivery === "at-least-once" ? delivery : "effectively-once",
		afterMs,
		expiresMs,
		orderKey,
		retry,
	};
}

function checkedExpiresMs(expiresMs: number): number {
	if (Number.isInteger(expiresMs) && expiresMs > 0 && expiresMs <= MAX_EXPIRES_MS) return expiresMs;
	const message = `expiresMs must be a whole number of milliseconds, 1 to ${MAX_EXPIRES_MS}, not ${expiresMs}`;
	throw new BusError("invalid-argument", message);
}

function checkedAfterMs(notBefore: Date | undefined, expiresMs: number): number {
	if (notBefore === undefined) return 0;
	const afterMs = notBefore instanceof Date ? Math.max(0, notBefore.getTime() - Date.now()) : Number.NaN;
	if (afterMs < expiresMs) return afterMs;
	const message = "notBefore must be a Date, and before the call expires (expiresMs, a day if that is left out)";
	throw new BusError("invalid-argument", message);
}

function requireOrderKey(orderKey: string | undefined): void {
	if (orderKey === undefined) return;
	const isText = typeof orderKey === "string" && orderKey !== "";
	if (isText && legible(orderKey, MAX_ORDER_KEY_CHARS) === orderKey) return;
	const message = `orderKey must be text of 1 to ${MAX_ORDER_KEY_CHARS} characters that XML can carry`;
	throw new BusError("invalid-argument", message);
}

/** TypeScript sees to it; JavaScript may pass anything. */
function requireKey(key: unknown): void {
	if (key === undefined || (typeof key === "string" && key !== "")) return;
	throw new BusError("invalid-argument", "key must be text of at least one character");
}

/** Who does not wait any longer is told how to find the call again. */
export async function stillGoesOn<T>(callId: string, waited: Promise<T>): Promise<T> {
	try {
		return await waited;
	} catch (thrown) {
		const error = BusError.from(thrown);
		const { code, executed } = error;
		if (executed !== "unknown" || (code !== "deadline-exceeded" && code !== "cancelled")) throw error;
		const message = `the call has no outcome yet and goes on: node.outcome("${callId}") waits for it, node.cancel() ends it`;
		throw new BusError(code, message, { executed, callId, cause: error });
	}
}
