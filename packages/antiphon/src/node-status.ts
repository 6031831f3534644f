import type { LinkState } from "@antiphon/link";
import type { BusError } from "@antiphon/protocol";

/**
 * What a node is doing.
 *
 * | from         | to           | when                                             |
 * | ------------ | ------------ | ------------------------------------------------ |
 * | connecting   | online       | the link came up                                 |
 * | online       | connecting   | the link was lost; it comes back by itself       |
 * | any          | draining     | `drain()`: new calls are refused, old ones finish |
 * | any          | closed       | `close()`, the end of a drain, or a fatal error  |
 */
export type NodeStatus =
	| { readonly state: "connecting"; readonly attempt: number; readonly retryInMs?: number; readonly cause?: BusError }
	| { readonly state: "online"; readonly jid: string }
	| { readonly state: "draining" }
	| { readonly state: "closed"; readonly cause?: BusError };

/** @param jid the node's own address */
export function statusOf(state: Exclude<LinkState, { state: "closed" }>, jid: string): NodeStatus {
	switch (state.state) {
		case "idle":
			return { state: "connecting", attempt: 1 };
		case "connecting":
			return { state: "connecting", attempt: state.attempt };
		case "online":
			return { state: "online", jid };
		case "waiting":
			return { state: "connecting", attempt: state.attempt, retryInMs: state.retryInMs, cause: state.cause };
	}
}
