import type { Labels } from "@antiphon/protocol";

export interface ServeOptions {
	/**
	 * The domain in which the functions get their JIDs. One that the link owns is this node's without asking; with any
	 * other the service is registered. Default: the domain that the link owns, if any.
	 */
	readonly domain?: string;
	/**
	 * The name of this instance, the resource of its addresses: one of its own among all instances of the service, whatever
	 * their versions. Default: the node's own, which is random; if the node serves another major version of the service under
	 * it, with `-v` and this one's number behind.
	 */
	readonly instance?: string;
	/** Calls of this service that run at once; above it `overloaded`. Default: the node's own limit. */
	readonly concurrency?: number;
	/** What callers may choose instances by, such as `{ region: "eu", zone: "eu-1a" }`: at most 16. */
	readonly labels?: Labels;
}

/** A service that is being served. Disposing of it drains it. */
export interface Served extends AsyncDisposable {
	readonly instance: string;
	/**
	 * Resolves when it is served no more, whoever wanted that: `drain()`, an administrator of its domain, the end of the
	 * node. Never rejects.
	 */
	readonly drained: Promise<void>;
	/** Refuses new calls; resolves when those that run are done, or after `limits.drainTimeoutMs`. */
	drain(): Promise<void>;
}
