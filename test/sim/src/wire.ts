import type { DeliverEffect, LeaseRef, OutcomeText, QueueResult, Submission } from "@antiphon/delivery";

/** What the stanzas of `urn:antiphon:delivery:1` say, decoded: one for each element. */
export type Body =
	| { readonly is: "submit"; readonly items: readonly { readonly submission: Submission; readonly notify: boolean }[] }
	| { readonly is: "await"; readonly notify: boolean; readonly items: readonly { readonly id: string }[] }
	| { readonly is: "cancel"; readonly items: readonly { readonly id: string; readonly expiresMs: number }[] }
	| {
			readonly is: "pull";
			readonly service: string;
			readonly instance: string;
			readonly version: string;
			readonly credit: number;
			readonly session: string;
			readonly number: number;
			readonly inbox: "durable" | "memory";
			readonly items: readonly LeaseRef[];
	  }
	| { readonly is: "settle"; readonly items: readonly (LeaseRef & { readonly outcome: OutcomeText })[] }
	| { readonly is: "renew"; readonly service: string; readonly instance: string; readonly items: readonly LeaseRef[] }
	| {
			readonly is: "release";
			readonly items: readonly (LeaseRef & {
				readonly executed: "no" | "unknown";
				readonly retryAfterMs?: number | undefined;
				readonly afterMs?: number | undefined;
			})[];
	  }
	/** From the domain. */
	| { readonly is: "deliver"; readonly items: readonly DeliverEffect[] }
	| {
			readonly is: "outcome";
			readonly items: readonly { readonly id: string; readonly attempts: number; readonly outcome: OutcomeText }[];
	  }
	/** Hints. */
	| { readonly is: "lost"; readonly items: readonly LeaseRef[] }
	| { readonly is: "pull-again"; readonly service: string; readonly instance: string }
	/** The domain has no registrations: it has started. */
	| { readonly is: "restarted" }
	/** The server about somebody who was there. */
	| { readonly is: "unavailable" }
	/** From an administrator: `urn:antiphon:queue:1`. */
	| { readonly is: "survey" | "list" }
	| { readonly is: Order; readonly items: readonly { readonly n: number }[] }
	/** The dead letters. */
	| { readonly is: "listed"; readonly items: readonly { readonly n: number }[] }
	/** What the domain says to each item, in their order. */
	| { readonly is: "answers"; readonly items: readonly QueueResult[] }
	/** What a provider says to each delivery. */
	| { readonly is: "taken"; readonly items: readonly Taken[] }
	| { readonly is: "received" };

export interface Taken extends LeaseRef {
	/** `undefined`: it has it. `gone`: it is for another session or number, and was not run. */
	readonly refusal: "gone" | "overloaded" | "unknown" | undefined;
	readonly retryAfterMs?: number | undefined;
}

export type Order = "retry" | "redrive" | "purge";

/** Where the queue is. */
export const DOMAIN = "fn.example.org";
export const SERVICE = "dictionary";
export const addressOf = (service: string) => `${service}@${DOMAIN}`;
/** Versions of the contract: who serves the newer one serves calls for the older one, too. */
export const OLD = "1.0.0";
export const NEW = "1.1.0";
/** The account of all providers. */
export const WORKERS = "worker@example.org";
/** The account of the administrators. */
export const ADMIN = "boss@example.org";

/** As many items as a stanza may have. */
export const MAX_ITEMS = 64;

/** A list as stanzas take it. */
export function inStanzas<Item>(items: readonly Item[]): Item[][] {
	const stanzas: Item[][] = [];
	for (let i = 0; i < items.length; i += MAX_ITEMS) stanzas.push(items.slice(i, i + MAX_ITEMS));
	return stanzas;
}

/** What is wrong with a list: who reads it refuses one in which something is named twice. */
export function wrongWith(body: Body): string | undefined {
	if (!("items" in body) || body.is === "answers") return undefined;
	const names = body.items.map((item) => {
		if ("submission" in item) return item.submission.id;
		if ("id" in item && !("n" in item)) return item.id;
		return "token" in item ? `${item.n} ${item.token}` : `${item.n}`;
	});
	if (new Set(names).size < names.length) return `<${body.is}/> names something twice: ${names.join(", ")}`;
	return names.length > MAX_ITEMS && body.is !== "pull" ? `<${body.is}/> has ${names.length} items` : undefined;
}
