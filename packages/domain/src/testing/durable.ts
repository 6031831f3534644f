import { set } from "@antiphon/contract";
import { memoryStore } from "@antiphon/delivery";
import { memoryBus } from "@antiphon/link";
import {
	decodeAccepted,
	decodeDeliver,
	decodeRecorded,
	decodeStates,
	encodeAwait,
	encodeCall,
	encodePull,
	encodeReply,
	encodeSettle,
	encodeSubmit,
	encodeTaken,
	type LeaseRef,
	NS,
	type Outcome,
	type ReadDelivery,
	type SubmittedCall,
} from "@antiphon/protocol";
import type { Element } from "@antiphon/xml";
import { service } from "antiphon";
import type { DomainOptions } from "../index.js";
import { host, NAME } from "./bus.js";
import { Party } from "./party.js";

export const words = service("words", "1.2.0", {
	learn: set({ delivery: "effectively-once" }),
	forget: set({}),
});
export const AT = `words@${NAME}`;

export const call = (fn: string, input: unknown = null, version: string | undefined = "1.0.0") =>
	encodeCall({ fn, version, ttlMs: 5_000, encoding: "json", input });

export function submitted(id: string, given: Partial<SubmittedCall> = {}): SubmittedCall {
	return {
		id,
		delivery: "effectively-once",
		expiresMs: 60_000,
		afterMs: 0,
		orderKey: undefined,
		notify: false,
		attempts: undefined,
		backoffMs: undefined,
		maxBackoffMs: undefined,
		call: call("words.learn"),
		...given,
	};
}

/** A domain that keeps calls, a caller, and a node that has registered an instance, `one`, and has not pulled yet. */
export async function keeping(options: Partial<DomainOptions> = {}) {
	const bus = memoryBus();
	const store = memoryStore();
	const hosted = await host(bus, { store, ...options });
	const caller = await Party.join(bus, "caller@example.org/desk");
	const worker = await Party.join(bus, "worker@example.org/a");
	await worker.register(words, "one");
	return { bus, store, hosted, caller, worker };
}

/** What a caller is answered. */
export async function submit(by: Party, ...calls: SubmittedCall[]) {
	return decodeAccepted(await by.result("set", AT, encodeSubmit(calls))).items;
}

export async function states(by: Party, ...ids: string[]) {
	const calls = ids.map((id) => ({ id }));
	return decodeStates(await by.result("get", AT, encodeAwait({ notify: false, calls })));
}

interface PullGiven {
	readonly number?: number;
	readonly held?: readonly LeaseRef[];
	readonly credit?: number;
}

export function pull({ number = 1, held = [], credit = 10 }: PullGiven = {}): Element {
	return encodePull({ service: "words", instance: "one", credit, session: "s", number, inbox: "memory", held });
}

/** All that has come to a provider. */
export function delivered(to: Party): ReadDelivery[] {
	return to.came.flatMap((stanza) => {
		const list = stanza.child("deliver", NS.delivery);
		return list === undefined ? [] : (decodeDeliver(list).calls as ReadDelivery[]);
	});
}

/** What is delivered to a provider in its last stanza, once there are so many; it takes it. */
export async function taken(by: Party, count = 1): Promise<ReadDelivery[]> {
	const stanza = (await by.awaited("deliver", count)).at(-1) as Element;
	const calls = decodeDeliver(stanza.child() as Element).calls as ReadDelivery[];
	by.answer(stanza, encodeTaken(calls.map(({ n, token }) => ({ n, token }))));
	return calls;
}

/** What a provider is answered that reports an output. */
export async function settle(by: Party, { n, token }: LeaseRef, output: unknown = null) {
	const outcome: Outcome = {
		element: encodeReply("json", output),
		code: undefined,
		name: undefined,
		executed: "yes",
	};
	const [answer] = decodeRecorded(await by.result("set", NAME, encodeSettle([{ n, token, outcome }])));
	return answer;
}

export const conditionOf = (answer: Element) => answer.child("error", NS.client)?.elements()[0]?.name;
