import {
	type CallKey,
	type CallsPage,
	type CallsRequest,
	decodeCallRequest,
	decodeCalls,
	decodeCallsRequest,
	decodeContent,
	decodeContentRequest,
	decodeOrder,
	decodeOrdered,
	decodePageRequest,
	decodeQueues,
	decodeQueuesRequest,
	decodeShownCall,
	encodeCallRequest,
	encodeCalls,
	encodeCallsRequest,
	encodeContent,
	encodeContentRequest,
	encodeOrder,
	encodeOrdered,
	encodeQueues,
	encodeQueuesRequest,
	encodeShownCall,
	NS,
	ORDERS,
	type Order,
	type PagePosition,
	type QueueState,
	type ShownCall,
} from "@antiphon/protocol";
import type { Element } from "@antiphon/xml";
import { type DeliveryCodec, runDelivery } from "./delivery-vectors.js";
import type { DomainVector } from "./domain-vectors.js";

const orders = (Object.entries(ORDERS) as [Order, string][]).flatMap(([order, ordered]): [string, DeliveryCodec][] => [
	[`set ${order}`, { decode: decodeOrder, encode: (numbers: number[]) => encodeOrder(order, numbers) }],
	[
		`result ${ordered}`,
		{
			decode: (payload) => decodeOrdered(order, payload),
			encode: (answers: Parameters<typeof encodeOrdered>[1]) => encodeOrdered(order, answers),
		},
	],
]);

/** What reads and writes a payload of `urn:antiphon:queue:1`, by the type of the stanza and its name. */
export const QUEUE_CODECS: Readonly<Record<string, DeliveryCodec>> = {
	"get queues": {
		decode: (payload) => ({ after: decodePageRequest(payload)?.after, service: decodeQueuesRequest(payload) }),
		encode: ({ after, service }: { after?: string; service?: string }) => encodeQueuesRequest(after, service),
	},
	"result queues": {
		decode: (payload) => ({ ...decodeQueues(payload), position: positionIn(payload) }),
		encode: ({ position, ...state }: QueueState & { position?: PagePosition }) => encodeQueues(state, position),
	},
	"get calls": {
		decode(payload) {
			const { after, max } = decodePageRequest(payload) ?? {};
			return { ...decodeCallsRequest(payload), after, max };
		},
		encode: ({ after, max, ...request }: CallsRequest & { after?: string; max?: number }) =>
			encodeCallsRequest(request, after, max),
	},
	"result calls": { decode: decodeCalls, encode: (page: CallsPage) => encodeCalls(page) },
	"get content": { decode: decodeContentRequest, encode: encodeContentRequest },
	"result content": { decode: decodeContent, encode: encodeContent },
	"get call": { decode: decodeCallRequest, encode: (key: CallKey) => encodeCallRequest(key) },
	"result call": { decode: decodeShownCall, encode: (call: ShownCall) => encodeShownCall(call) },
	...Object.fromEntries(orders),
};

/** Vectors of the administration of durable calls. */
export function runQueue(vector: DomainVector): void {
	runDelivery(vector, QUEUE_CODECS);
}

/** Where a page stands in its list, as it says (XEP-0059). */
function positionIn(payload: Element): PagePosition | undefined {
	const set = payload.child("set", NS.resultSet);
	const text = (name: string) => set?.child(name, NS.resultSet)?.text() ?? "";
	if (set === undefined) return undefined;
	const index = Number(set.child("first", NS.resultSet)?.attr("index"));
	return { range: { first: text("first"), last: text("last"), index }, count: Number(text("count")) };
}
