import { BusError } from "@antiphon/protocol";
import type { Element } from "@antiphon/xml";
import type { DomainHost } from "../host/domain-host.js";
import type { Instance } from "../registry/registry.js";

/** Instances that are asked at once, for one question. */
const AT_ONCE = 32;
/** How long one of them may take, in milliseconds. */
const ANSWERS_MS = 2_000;

export interface Question {
	readonly type: "get" | "set";
	payload(instance: Instance): Element;
	/** Gets what each has answered. What this throws counts as the instance's failure. */
	onAnswer(instance: Instance, answer: Element | undefined): void;
	/** Gets why one has not. */
	onFailure(instance: Instance, error: BusError): void;
	/** Whether there is any use in asking more of them. */
	goesOn?(): boolean;
}

/**
 * Asks instances the same thing, 32 at once. One that does not answer within 2 s has failed, and so have those whose turn
 * does not come within `limits.askTimeoutMs`. Never rejects.
 */
export async function askInstances(host: DomainHost, instances: readonly Instance[], question: Question) {
	const { node, limits } = host;
	const endMs = node.now() + limits.askTimeoutMs;
	const ask = async (instance: Instance) => {
		const leftMs = Math.floor(endMs - node.now());
		if (leftMs < 1) throw new BusError("deadline-exceeded", `not asked within ${limits.askTimeoutMs} ms`);
		const { type } = question;
		const timeoutMs = Math.min(leftMs, ANSWERS_MS);
		const payload = question.payload(instance);
		question.onAnswer(instance, await node.query({ type, to: instance.node.toString(), payload, timeoutMs }));
	};
	const waiting = [...instances].reverse();
	const askInTurn = async () => {
		for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
			if (question.goesOn?.() === false) return;
			const instance = next;
			await ask(instance).catch((thrown: unknown) => question.onFailure(instance, BusError.from(thrown)));
		}
	};
	await Promise.all(Array.from({ length: Math.min(AT_ONCE, instances.length) }, askInTurn));
}
