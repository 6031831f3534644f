import type { Element } from "@antiphon/xml";
import { NS } from "../namespaces.js";

/** What a route listens to. `iq` results and errors never come here: they belong to whoever asked. */
export type StanzaKind = "iq-get" | "iq-set" | "message" | "presence";

export interface Route<Handler> {
	readonly kind: StanzaKind;
	/** Namespace and name of the child element that decides; left out, the route takes what no other does. */
	readonly payload?: { readonly ns: string; readonly name: string };
	readonly handler: Handler;
}

export interface Match<Handler> {
	readonly handler: Handler;
	/** The child element that decided; `undefined` for a route without payload. */
	readonly payload: Element | undefined;
}

/**
 * Finds the handler for a stanza by kind, namespace and element name: one Map look-up for an `iq`, at most one for each
 * child of a message or presence. The one dispatcher under a node, the domain and the embedded server, each with its
 * own type of handler.
 */
export class Dispatcher<Handler> {
	readonly #routes = new Map<string, Handler>();

	/** @returns what takes the route out again. @throws Error if the route is taken */
	add(route: Route<Handler>): () => void {
		const key = keyOf(route.kind, route.payload);
		if (this.#routes.has(key)) throw new Error(`two handlers for ${key.trimEnd()}`);
		this.#routes.set(key, route.handler);
		return () => {
			if (this.#routes.get(key) === route.handler) this.#routes.delete(key);
		};
	}

	/** Whether the route is taken. */
	has(kind: StanzaKind, payload?: { readonly ns: string; readonly name: string }): boolean {
		return this.#routes.has(keyOf(kind, payload));
	}

	/** The handler for this stanza, if there is one. */
	find(stanza: Element): Match<Handler> | undefined {
		const kind = kindOf(stanza);
		if (kind === undefined) return undefined;
		for (const payload of stanza.children) {
			if (typeof payload === "string") continue;
			const handler = this.#routes.get(keyOf(kind, payload));
			if (handler !== undefined) return { handler, payload };
			// The payload of an iq is its first element (RFC 6120, section 8.2.3); a message may carry several.
			if (stanza.name === "iq") break;
		}
		const fallback = this.#routes.get(keyOf(kind));
		return fallback === undefined ? undefined : { handler: fallback, payload: undefined };
	}
}

function kindOf(stanza: Element): StanzaKind | undefined {
	if (stanza.ns !== NS.client) return undefined;
	const type = stanza.attr("type");
	if (stanza.name === "iq") return type === "get" ? "iq-get" : type === "set" ? "iq-set" : undefined;
	// An error is the end of an exchange, never a question.
	if (type === "error") return undefined;
	return stanza.name === "message" || stanza.name === "presence" ? stanza.name : undefined;
}

function keyOf(kind: StanzaKind, payload?: { readonly ns: string; readonly name: string }): string {
	return payload === undefined ? kind : `${kind} ${payload.ns} ${payload.name}`;
}
