import type { FunctionKind } from "@antiphon/contract";
import type { BusError, Jid } from "@antiphon/protocol";
import type { Element } from "@antiphon/xml";

/** A call as it came, whatever brought it. */
export interface ReceivedCall {
	readonly from: Jid;
	readonly to: Jid;
	/** Names this attempt; unique for its caller. */
	readonly callId: string;
	readonly kind: FunctionKind;
	/** `<call/>` */
	readonly payload: Element;
}

/** How a call ended: with its `<reply/>`, or with an error. What carries it to the caller is not its business. */
export type Outcome = { readonly reply: Element } | { readonly error: BusError };
