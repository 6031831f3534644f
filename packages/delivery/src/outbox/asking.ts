import type { BusErrorCode } from "@antiphon/protocol";
import type { ExchangeOptions } from "../engine/exchange.js";

/** How an outbox asks domains: how often, how much at once, and when it gives up. */
export const EXCHANGE: ExchangeOptions = {
	backOff: { firstMs: 500, maxMs: 60_000 },
	answerMs: 30_000,
	inFlight: { count: 2_048, size: 4 * 2 ** 20 },
	inFlightPerPeer: { count: 512, size: 2 ** 20 },
};
/** How often a domain is asked about a call that it has accepted: it tells the outcome, but forgets whom when it starts anew. */
export const POLL = { firstMs: 60_000, maxMs: 600_000 };
/** The same while somebody waits for it here. */
export const WAITED_FOR_POLL = { firstMs: 4_000, maxMs: 60_000 };
/** What a request without a call in it takes. */
export const SMALL = 256;
/** Refusals of a submit that another try does not change. */
export const FINAL: ReadonlySet<BusErrorCode> = new Set<BusErrorCode>([
	"invalid-argument",
	"unauthenticated",
	"forbidden",
	"conflict",
	"too-large",
	"not-found",
	"unimplemented",
]);
export const NO_ROOM_MS = 5_000;
