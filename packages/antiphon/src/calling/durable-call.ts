import { type DurableCallOptions, outgoing } from "@antiphon/contract";
import type { OutcomeText, Submission } from "@antiphon/delivery";
import { abortedError, checkedSignal, stanzaId } from "@antiphon/link";
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
import { durableDelivery, requireCallOptions } from "./call-options.js";
import { about, asked, changed, foundBy } from "./durable-error.js";
import { type DurableId, durableId } from "./durable-id.js";
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
		return durableId(await keep(caller, target, given, options));
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
		const { patience, ...call } = await keep(caller, target, given, options);
		const callId = durableId(call);
		const over = `the call has no outcome yet and goes on: ${foundBy(callId)}`;
		const { attempts, outcome } = await asked(callId, caller.outbox.wait(call, patience), over);
		try {
			return await outputFrom(target, outcome, patience);
		} catch (thrown) {
			const error = about(callId, thrown);
			// That there is another of this key its domain says before anything has run.
			throw attempts === 0 ? withKey(error, options.key, callId) : error;
		}
	} catch (thrown) {
		throw asCallFailure(thrown);
	}
}

/** What an outcome is for its caller. @throws BusError */
async function outputFrom(
	target: CallTarget,
	outcome: OutcomeText,
	{ deadlineMs, signal }: Patience,
): Promise<unknown> {
	let output: unknown;
	try {
		output = outputOf(outcome);
	} catch (thrown) {
		throw await parsedFault(target, BusError.from(thrown), deadlineMs, signal);
	}
	return parsedOutput(target, output, deadlineMs, signal);
}

interface Kept extends DurableId {
	readonly patience: Patience;
}

async function keep(caller: Caller, target: CallTarget, given: unknown, options: DurableCallOptions): Promise<Kept> {
	requireCallOptions(target, options);
	const { fn, name } = target;
	const to = queueOf(target).toString();
	const signal = checkedSignal(options.signal);
	const deadlineMs = performance.now() + checkedTimeoutMs(options.timeoutMs ?? caller.defaultTimeoutMs);
	let input = outgoing(fn.input, given, `${name}: input`, "invalid-argument");
	if (input instanceof Promise) input = await settleBy(input, deadlineMs, signal, "no");
	const submission = submissionOf(caller, target, input, options);
	const { id } = submission;
	const callId = durableId({ id, to });
	const patience = { deadlineMs, signal };
	if (signal?.aborted) throw abortedError(signal, "no");
	const over = `whether the call is accepted is not known yet, and if it is, it goes on: ${foundBy(callId)}`;
	try {
		await asked(callId, caller.outbox.keep(to, submission, patience), over);
	} catch (thrown) {
		throw withKey(BusError.from(thrown), options.key, callId);
	}
	return { id, to, patience };
}

/** Who gives calls names of its own knows them by these. */
function withKey(error: BusError, key: string | undefined, callId: string): BusError {
	if (error.code !== "conflict" || key === undefined) return error;
	const message = `the key ${JSON.stringify(key)} stands for ${callId}, which was made before with another input`;
	return changed(error, { message, callId, cause: error });
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
	return {
		id,
		call: { fn: name, version, text, digest: callDigest(call, decodeCallHead(call)) },
		delivery: durableDelivery(target, options.delivery),
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
