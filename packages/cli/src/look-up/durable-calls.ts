import {
	allPages,
	type CallContent,
	type CallContentName,
	type CallNumber,
	type CallsRequest,
	decodeCalls,
	decodeContent,
	decodeOrdered,
	decodeQueues,
	decodeShownCall,
	encodeCallRequest,
	encodeCallsRequest,
	encodeContentRequest,
	encodeOrder,
	encodeQueuesRequest,
	type FunctionQueue,
	type Item,
	type ListedCall,
	MAX_LISTED_CALLS,
	type Order,
	type Ordered,
	type QueueState,
	type ShownCall,
} from "@antiphon/protocol";
import { BusError, Jid, type Node } from "antiphon";
import { keyFor, type NamedCall, notOwn } from "../connect/call-key.js";
import type { Deadline } from "../connect/connection.js";
import { askDomain } from "./ask-domain.js";

/** Calls in one request to do something with them. */
const ORDERED_AT_ONCE = 64;

export interface CallsFound {
	readonly calls: readonly ListedCall[];
	/** Whether there may be more. */
	readonly isCut: boolean;
}

/** How the queue of a domain is, with all of its functions, page after page (XEP-0059). @throws BusError */
export async function queueOf(
	node: Node,
	domain: string,
	service: string | undefined,
	deadline: Deadline,
): Promise<QueueState> {
	let state: QueueState | undefined;
	const functions = await allPages<FunctionQueue>(domain, async (after) => {
		const element = await ask(node, domain, "get", encodeQueuesRequest(after, service), deadline);
		state = decodeQueues(element);
		return { items: state.functions, element };
	});
	return { ...(state as QueueState), functions };
}

/** The first calls of a list, page after page. @param limit how many at most. @throws BusError */
export async function listCalls(
	node: Node,
	domain: string,
	request: CallsRequest,
	limit: number,
	deadline: Deadline,
): Promise<CallsFound> {
	const calls: ListedCall[] = [];
	for (let after: string | undefined; ; ) {
		const max = Math.min(MAX_LISTED_CALLS, limit - calls.length);
		const page = decodeCalls(await ask(node, domain, "get", encodeCallsRequest(request, after, max), deadline));
		for (const call of page.calls) calls.push(call);
		if (page.next === undefined || calls.length >= limit) return { calls, isCut: page.next !== undefined };
		if (page.next === after) throw new BusError("protocol", `${domain} answers with the same page again and again`);
		after = page.next;
	}
}

/** What has become of a call. @throws BusError `not-found`; UsageError for one that another domain keeps */
export async function showCall(node: Node, domain: string, named: NamedCall, deadline: Deadline): Promise<ShownCall> {
	const account = Jid.parse(node.jid).bare().toString();
	const key = keyFor(named, account, domain);
	try {
		return decodeShownCall(await ask(node, domain, "get", encodeCallRequest(key), deadline));
	} catch (thrown) {
		throw notOwn(named, account, BusError.from(thrown));
	}
}

/** What is in a call, or came of it. @returns why there is none: that is `not-found`, too. @throws BusError */
export async function contentOf(
	node: Node,
	domain: string,
	of: CallContentName,
	n: number,
	deadline: Deadline,
): Promise<CallContent | BusError> {
	try {
		return decodeContent(await ask(node, domain, "get", encodeContentRequest({ n, of }), deadline));
	} catch (thrown) {
		const error = BusError.from(thrown);
		if (error.code !== "not-found") throw error;
		return error;
	}
}

/** The numbers of calls. @throws as `showCall` */
export async function numbersOf(
	node: Node,
	domain: string,
	keys: readonly NamedCall[],
	deadline: Deadline,
): Promise<number[]> {
	const numbers = new Set<number>();
	for (const key of keys) numbers.add(key.n ?? (await showCall(node, domain, key, deadline)).n);
	return [...numbers];
}

/** Has a domain do something with calls. @returns what was done with each, or why it was not. @throws BusError */
export async function giveOrder(
	node: Node,
	domain: string,
	order: Order,
	numbers: readonly number[],
	deadline: Deadline,
): Promise<Item<CallNumber, Ordered>[]> {
	const done: Item<CallNumber, Ordered>[] = [];
	for (let i = 0; i < numbers.length; i += ORDERED_AT_ONCE) {
		const some = numbers.slice(i, i + ORDERED_AT_ONCE);
		for (const each of decodeOrdered(order, await ask(node, domain, "set", encodeOrder(order, some), deadline))) {
			done.push(each);
		}
	}
	return done;
}

function ask(node: Node, domain: string, type: "get" | "set", payload: Payload, deadline: Deadline) {
	return askDomain(node, domain, { type, payload, timeoutMs: deadline.remainingMs() });
}

type Payload = Parameters<typeof askDomain>[2]["payload"];
