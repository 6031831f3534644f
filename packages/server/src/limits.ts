import { resolveNumbers } from "@antiphon/protocol";

/**
 * The bounds of everything a peer can make the server hold or do. What happens at each bound stands beside it; all
 * stream errors close that one session and leave the others alone.
 */
export interface ServerLimits {
	/**
	 * Open sockets, of all kinds. One more gets the stream error `resource-constraint`; at twice as many, those that are
	 * being closed included, it is closed without a word.
	 */
	readonly maxConnections: number;
	/** Not logged in, clients and components apart. For one more, the oldest of the address with the most gets `resource-constraint`. */
	readonly maxUnauthenticated: number;
	/** From the accepted socket to a bound resource or a component's handshake; then `connection-timeout`. */
	readonly loginTimeoutMs: number;
	/** Bytes a peer may send before it is logged in; then `policy-violation`. */
	readonly maxLoginBytes: number;
	/** Failed logins on one connection; at this number `policy-violation`. */
	readonly maxFailedLogins: number;
	/**
	 * Bytes of one stanza from a client, announced as XEP-0478 asks; then `policy-violation`.
	 *
	 * Of a stanza that is within it, but would be larger when the server writes it (prefixes become namespaces in full),
	 * the sender gets the stanza error `policy-violation`, modify: what a client sends is passed on with at most 1 KiB more,
	 * for the addresses. An answer of the server that would be larger is replaced by that error.
	 */
	readonly maxStanzaBytes: number;
	/** As `maxStanzaBytes`, of one stanza from a component. */
	readonly maxComponentStanzaBytes: number;
	/**
	 * Bytes of one presence stanza, from whomever, as the server writes it: it is kept, and sent to many. Above it the
	 * sender gets the stanza error `policy-violation`, modify, and the presence counts as not sent.
	 */
	readonly maxPresenceBytes: number;
	/** Levels of elements in one stanza; then `policy-violation`. */
	readonly maxDepth: number;
	/**
	 * Attributes of one element as the server writes it. Of those that it reads, two fewer, because it adds `from` and `to`;
	 * then `policy-violation`. An element that has more only when it is written: stanza error `policy-violation`, modify.
	 */
	readonly maxAttributes: number;
	/** Bytes of the name of an element or attribute; then `policy-violation`. */
	readonly maxNameBytes: number;
	/** Children of one element; then `policy-violation`. */
	readonly maxChildren: number;
	/**
	 * Memory that the unfinished stanzas of all peers take together, about: their bytes, and 64 more for each element,
	 * attribute and text. Above it, the peer with the most, of the account (or component's domain, or address that has not
	 * logged in) with the most, gets `resource-constraint` and is closed.
	 */
	readonly maxReadingBytes: number;
	/** Within which a stanza that has begun must end; then `connection-timeout`. */
	readonly stanzaTimeoutMs: number;
	/**
	 * Bytes waiting to be sent to one peer.
	 *
	 * Others may fill three quarters of it, and above a sixteenth each sender (an account, a component's domain) a quarter.
	 * What does not fit is refused to its sender with the stanza error `resource-constraint`, wait; presence, results and
	 * errors are dropped. Both are counted: `stats().dropped`. The peer itself is left alone; senders are not slowed down.
	 *
	 * What a peer causes itself (answers to what it asked, refusals of what it sent, what was kept for it) may fill all of
	 * it. Above that it asks for more than it reads: what waits is dropped, nothing more of what it sent is handled, it gets
	 * `resource-constraint` and is closed.
	 */
	readonly maxQueuedBytes: number;
	/**
	 * Bytes waiting for all peers together. Above it, the peer for which most waits, of the account (or component's domain,
	 * or address that has not logged in) for which most waits, gets `resource-constraint` and is closed.
	 */
	readonly maxQueuedTotalBytes: number;
	/**
	 * How long bytes may wait for a peer that takes none at all from its socket; then it gets `resource-constraint` and is
	 * closed. The system tells what a peer has taken in lumps, on loopback of more than a megabyte: by the default, who
	 * reads 100 kB in a second is safe.
	 */
	readonly stallTimeoutMs: number;
	/** Accounts. `addUser` throws above it. */
	readonly maxAccounts: number;
	/** Bound resources of one account. Binding one more fails with `resource-constraint`, wait. */
	readonly maxResources: number;
	/** Roster items of one account. Adding one more, or subscribing, fails with `resource-constraint`, wait. */
	readonly maxRosterItems: number;
	/**
	 * Bytes of the roster of one account, as a client gets it. Adding or changing an item, or subscribing, fails above it
	 * with `resource-constraint`, wait; the states of subscriptions change all the same.
	 */
	readonly maxRosterBytes: number;
	/** Groups of one roster item; above it `not-acceptable`. */
	readonly maxRosterGroups: number;
	/** Unanswered subscription requests kept for one account. One more fails with `resource-constraint`, wait. */
	readonly maxSubscriptionRequests: number;
	/** JIDs to which one session has sent directed presence. To one more: `resource-constraint`, wait. */
	readonly maxDirectedPresence: number;
	/** Messages kept for one account while it is offline. One more fails with `service-unavailable`, cancel. */
	readonly maxOfflineMessages: number;
	/** Bytes of these. One more fails with `service-unavailable`, cancel. */
	readonly maxOfflineBytes: number;
	/** Silence after which the server pings a peer (XEP-0199). `Infinity` turns pings off. */
	readonly pingAfterMs: number;
	/** Silence after that ping, once nothing waits before it, after which the peer gets `connection-timeout` and is closed. */
	readonly pingTimeoutMs: number;
	/** How long a closing stream has to flush and to answer; then its socket is destroyed. */
	readonly closeTimeoutMs: number;
}

export const DEFAULT_SERVER_LIMITS: ServerLimits = Object.freeze({
	maxConnections: 1000,
	maxUnauthenticated: 200,
	loginTimeoutMs: 10_000,
	maxLoginBytes: 10_000,
	maxFailedLogins: 5,
	maxStanzaBytes: 256 * 1024,
	maxComponentStanzaBytes: 512 * 1024,
	maxPresenceBytes: 8 * 1024,
	maxDepth: 32,
	maxAttributes: 64,
	maxNameBytes: 256,
	maxChildren: 4096,
	maxReadingBytes: 64 * 1024 * 1024,
	stanzaTimeoutMs: 60_000,
	maxQueuedBytes: 16 * 1024 * 1024,
	maxQueuedTotalBytes: 256 * 1024 * 1024,
	stallTimeoutMs: 15_000,
	maxAccounts: 10_000,
	maxResources: 100,
	maxRosterItems: 1000,
	maxRosterBytes: 256 * 1024,
	maxRosterGroups: 32,
	maxSubscriptionRequests: 100,
	maxDirectedPresence: 1000,
	maxOfflineMessages: 100,
	maxOfflineBytes: 1024 * 1024,
	pingAfterMs: 10_000,
	pingTimeoutMs: 8_000,
	closeTimeoutMs: 1_000,
});

/** `changes` on top of the defaults. @throws BusError `invalid-argument` that names the limit */
export function resolveLimits(changes: Partial<ServerLimits> = {}): ServerLimits {
	return resolveNumbers(DEFAULT_SERVER_LIMITS, changes, "limits", { never: ["pingAfterMs"] });
}
