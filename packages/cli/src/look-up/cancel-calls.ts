import { setTimeout as sleep } from "node:timers/promises";
import {
	type CallNumber,
	type CallsRequest,
	decodeCalls,
	encodeCallsRequest,
	type Item,
	MAX_LISTED_CALLS,
	type Ordered,
} from "@antiphon/protocol";
import { BusError, type Node } from "antiphon";
import type { Deadline } from "../connect/connection.js";
import { askDomain } from "./ask-domain.js";
import { giveOrder } from "./durable-calls.js";

type Answer = Item<CallNumber, Ordered>;

/** Calls in one request. */
const AT_ONCE = 64;
/** Requests under way: the domain decides about all of them together, and stores that in one batch. */
const REQUESTS = 8;
/** How long to wait where a domain that has too much to do does not say, in milliseconds. */
const RETRY_MS = 500;

/** The numbers of all calls of a list, page after page, however many there are. @throws BusError */
export async function numbersIn(
	node: Node,
	domain: string,
	request: CallsRequest,
	deadline: Deadline,
): Promise<number[]> {
	const numbers: number[] = [];
	for (let after: string | undefined; ; ) {
		const payload = encodeCallsRequest(request, after, MAX_LISTED_CALLS);
		const timeoutMs = deadline.remainingMs();
		const page = decodeCalls(await askDomain(node, domain, { type: "get", payload, timeoutMs }));
		for (const { n } of page.calls) numbers.push(n);
		if (page.next === undefined) return numbers;
		if (page.next === after) throw new BusError("protocol", `${domain} answers with the same page again and again`);
		after = page.next;
	}
}

/**
 * Cancels many calls, the last that was accepted first: what stands behind another of its order key does not begin because
 * that one has been cancelled. What the domain has no room for at the moment is asked again.
 * @returns what was done with each
 * @throws BusError that says how many were cancelled before it
 */
export async function cancelCalls(
	node: Node,
	domain: string,
	numbers: readonly number[],
	deadline: Deadline,
): Promise<Answer[]> {
	const left = [...numbers].sort((a, b) => a - b);
	const answers: Answer[] = [];
	let failure: BusError | undefined;
	const work = async () => {
		while (left.length > 0 && failure === undefined) {
			let some = left.splice(-AT_ONCE).reverse();
			while (some.length > 0 && failure === undefined) {
				const said = await giveOrder(node, domain, "cancel", some, deadline);
				const refused = said.filter(({ error }) => error?.code === "overloaded");
				for (const each of said) if (each.error?.code !== "overloaded") answers.push(each);
				some = refused.map(({ n }) => n);
				const waitMs = Math.max(0, ...refused.map(({ error }) => error?.retryAfterMs ?? RETRY_MS));
				if (some.length > 0) await sleep(Math.min(waitMs, deadline.remainingMs()));
			}
		}
	};
	const workers = Array.from({ length: REQUESTS }, () =>
		work().catch((thrown: unknown) => {
			failure ??= BusError.from(thrown);
		}),
	);
	await Promise.all(workers);
	if (failure === undefined) return answers;
	throw withCount(failure, answers.filter(({ error }) => error === undefined).length, numbers.length);
}

function withCount({ code, message, executed, cause }: BusError, done: number, all: number): BusError {
	const text = `${message}. ${done} of ${all} calls were cancelled before that, maybe more: give the command again for the rest`;
	return new BusError(code, text, { executed, cause });
}
