import type { NodeHost } from "antiphon/modules";
import type { Subscribers } from "../callers/subscribers.js";
import type { DomainLimits } from "../limits.js";
import type { Owners } from "../policy/owners.js";
import type { Policy } from "../policy/policy.js";
import type { KnownNodes } from "../registry/known-nodes.js";
import type { OnChange, Registry } from "../registry/registry.js";
import type { Hearing } from "./hearing.js";

/** What a module of a domain can reach. Whatever it registers with the node is undone when the domain closes. */
export interface DomainHost {
	readonly node: NodeHost;
	readonly domain: string;
	readonly registry: Registry;
	readonly owners: Owners;
	readonly subscribers: Subscribers;
	readonly policy: Policy;
	readonly limits: DomainLimits;
	/** Whether what it does not know may be there all the same. */
	readonly hearing: Hearing;
	/** Whom a host that starts can tell of it: those that have something registered. */
	readonly nodes: KnownNodes;
	/** The same for those that are told of changes. */
	readonly callers: KnownNodes;
	/** Where it keeps durable calls; `undefined`: it takes none. */
	readonly keeps: "on disk" | "in memory" | undefined;
	/** Whether it is known that this is the only host of the domain. */
	isAlone(): boolean;
	/** Called after the instances of a service have changed, but not how busy they are. */
	onChange(listener: OnChange): void;
	/** Something was asked for that policy does not allow: counted, and logged now and then. @throws BusError `forbidden` */
	deny(message: string): never;
	/** The same for what is not answered with an error. */
	denied(message: string): void;
	/** How many of both there were since the start. */
	denials(): number;
	/** Called after the rules of policy were replaced. */
	onPolicy(listener: () => void): void;
	/** Called while the link is still up, before the domain closes in order. */
	onClosing(listener: () => void): void;
}

/** A capability of a domain: one file, registered in `modules.ts`. */
export type DomainModule = (host: DomainHost) => void;
