import type { Element } from "@antiphon/xml";

/** One request at the level of the `iq`. */
export interface QueryRequest {
	readonly type: "get" | "set";
	readonly to: string;
	readonly payload: Element;
	readonly timeoutMs?: number;
	readonly signal?: AbortSignal;
}
