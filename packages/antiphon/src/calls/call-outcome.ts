import type { FunctionContract, FunctionKind } from "@antiphon/contract";
import type { BusError, CallHead, Jid } from "@antiphon/protocol";
import type { Element } from "@antiphon/xml";

/** A call as it came, whatever brought it. */
export interface ReceivedCall {
	/** Who sent it: whom its answer goes to. */
	readonly from: Jid;
	readonly to: Jid;
	/** Names this attempt; unique for its sender. Of a durable call: names the call, and is the same for every attempt. */
	readonly callId: string;
	/** Which attempt it is of a durable call, from 1. Left out: the only one. */
	readonly attempt?: number;
	readonly kind: FunctionKind;
	/** `<call/>` */
	readonly payload: Element;
}

/** A call that passed every check and waits to be run. */
export interface AdmittedCall extends ReceivedCall {
	readonly head: CallHead;
	/** Who made it: the sender, or for whom a domain has passed it on. */
	readonly caller: Jid;
	readonly fn: FunctionContract;
	/** Its own name, without the service's. */
	readonly fnName: string;
	/** On the clock of `performance.now()`. */
	readonly deadlineMs: number;
}

/** How a call ended: with its `<reply/>`, or with an error. What carries it to the caller is not its business. */
export type Outcome = { readonly reply: Element } | { readonly error: BusError };
