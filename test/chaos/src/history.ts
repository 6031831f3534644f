/** How a call ended, as somebody was told. */
export type Outcome =
	| { readonly is: "ok"; readonly value: string }
	| { readonly is: "error"; readonly code: string; readonly executed: "no" | "yes" | "unknown" };

/**
 * What a caller notes, a line each, when it happens. `n` names a call among all calls of all callers. `at`: by the clock of the
 * machine, in milliseconds.
 *
 * | line | and |
 * | --- | --- |
 * | begun | it is going to be sent; whether it has been is not known before the next line about it |
 * | accepted | `send()` has resolved: whatever happens from now on, it is not lost |
 * | refused | `send()` has failed, and will not be tried again |
 * | settled | what the caller was told of its end |
 * | done | no further calls, and each of its own is refused or settled |
 */
export type CallerLine =
	| { readonly is: "begun"; readonly n: number; readonly at: number; readonly delivery: DurableDelivery }
	| { readonly is: "accepted"; readonly n: number; readonly at: number; readonly callId: string }
	| {
			readonly is: "refused";
			readonly n: number;
			readonly at: number;
			readonly code: string;
			readonly executed: "no" | "yes" | "unknown";
	  }
	| { readonly is: "settled"; readonly n: number; readonly at: number; readonly outcome: Outcome }
	| { readonly is: "done"; readonly at: number };

export type DurableDelivery = "at-least-once" | "effectively-once";

/** The life of one process: `to` is when its end was seen, and absent while it lives. */
export interface Life {
	readonly name: string;
	readonly pid: number;
	readonly from: number;
	to?: number;
}

/** A time in which some process could not be heard of, or could not hear: it, its link, or what lies behind that. */
export interface Outage {
	/** The process, or `everybody` when the domain or the server was away. */
	readonly of: string;
	readonly from: number;
	readonly to: number;
}

export const EVERYBODY = "everybody";
