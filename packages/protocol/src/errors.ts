/** Every way in which a call can fail. Closed: a new code is a new version of the protocol. */
export const BUS_ERROR_CODES = [
	"invalid-argument",
	"unimplemented",
	"not-found",
	"unavailable",
	"forbidden",
	"unauthenticated",
	"overloaded",
	"too-large",
	"conflict",
	"fault",
	"internal",
	"deadline-exceeded",
	"cancelled",
	"link-lost",
	"protocol",
] as const;

export type BusErrorCode = (typeof BUS_ERROR_CODES)[number];

/** Whether the handler ran: `unknown` when the caller cannot know. */
export type Executed = "no" | "yes" | "unknown";

export interface BusErrorOptions {
	/** Default: what the code itself tells, see {@link BusError}. */
	readonly executed?: Executed;
	/** The name of a declared fault; only with code `fault`. */
	readonly name?: string;
	/** The data of a declared fault; only with code `fault`. */
	readonly data?: unknown;
	/** With `overloaded`: when to try again, in milliseconds. */
	readonly retryAfterMs?: number;
	/** Which durable call it is about. */
	readonly callId?: string;
	/** Whether it was only the waiting for that call that has ended. Default `false`. */
	readonly goesOn?: boolean;
	/** What led to this. Stays in the process: a cause never goes on the wire. */
	readonly cause?: unknown;
}

const EXECUTED_BY_DEFAULT: Readonly<Record<BusErrorCode, Executed>> = {
	"invalid-argument": "no",
	unimplemented: "no",
	"not-found": "no",
	unavailable: "no",
	forbidden: "no",
	unauthenticated: "no",
	overloaded: "no",
	"too-large": "no",
	conflict: "no",
	fault: "yes",
	internal: "unknown",
	"deadline-exceeded": "unknown",
	cancelled: "unknown",
	"link-lost": "unknown",
	protocol: "unknown",
};

/**
 * The one error of Antiphon.
 *
 * - `code`: one of {@link BUS_ERROR_CODES}; switch on it.
 * - `executed`: whether the handler ran. `unknown` means that a `set` must not be repeated blindly.
 * - `name` and `data`: for the code `fault`, the fault's name in the contract and its data; `isFault` narrows the type.
 *   For every other code `name` is `BusError`.
 * - `retryAfterMs`: with `overloaded`, when it may be worth another try.
 * - `callId`: which durable call it is about, if it is one that may have been accepted: what `node.outcome()` and
 *   `node.cancel()` take.
 * - `goesOn`: it is not the outcome of that call. Only the waiting has ended; `node.outcome(callId)` waits again.
 */
export class BusError extends Error {
	readonly code: BusErrorCode;
	readonly executed: Executed;
	readonly data: unknown;
	readonly retryAfterMs: number | undefined;
	readonly callId: string | undefined;
	readonly goesOn: boolean;

	constructor(code: BusErrorCode, message: string, options: BusErrorOptions = {}) {
		super(message, options.cause === undefined ? undefined : { cause: options.cause });
		this.name = code === "fault" ? (options.name ?? "fault") : "BusError";
		this.code = code;
		this.executed = options.executed ?? EXECUTED_BY_DEFAULT[code];
		this.data = options.data;
		this.retryAfterMs = options.retryAfterMs;
		this.callId = options.callId;
		this.goesOn = options.goesOn ?? false;
	}

	/**
	 * Makes a BusError of anything that was thrown, and never throws itself. What is one already comes back as it is; an
	 * abort is `cancelled`, a timeout of an AbortSignal is `deadline-exceeded`; everything else is `internal`.
	 */
	static from(thrown: unknown): BusError {
		try {
			if (thrown instanceof BusError) return thrown;
			if (thrown instanceof Error) {
				const code =
					thrown.name === "AbortError"
						? "cancelled"
						: thrown.name === "TimeoutError"
							? "deadline-exceeded"
							: "internal";
				return new BusError(code, String(thrown.message), { cause: thrown });
			}
			return new BusError("internal", `something that is no Error was thrown: ${String(thrown)}`, { cause: thrown });
		} catch {
			// An object without toString, a getter that throws, a revoked Proxy.
			return new BusError("internal", "something was thrown that cannot be read", { cause: thrown });
		}
	}
}

export function isBusErrorCode(text: string): text is BusErrorCode {
	return (BUS_ERROR_CODES as readonly string[]).includes(text);
}
