// What is used of @xmpp/client 0.14 and @xmpp/component 0.13.1, which carry no types.
declare module "@xmpp/client" {
	import type { EventEmitter } from "node:events";

	/** An element of ltx. Only made and read in ltx-bridge.ts. */
	export interface LtxElement {
		readonly name: string;
		readonly attrs: Record<string, string>;
		toString(): string;
	}

	export type LtxFactory = (
		name: string,
		attrs: Record<string, string>,
		...children: (LtxElement | string)[]
	) => LtxElement;

	export interface Entity extends EventEmitter {
		timeout: number;
		Socket: new () => EventEmitter;
		Parser: new () => EventEmitter;
		readonly reconnect: { stop(): void };
		readonly iqCaller: { readonly handlers: Map<string, { reject(error: Error): void }> };
		connect(service: string): Promise<void>;
		open(options: { readonly domain: string }): Promise<unknown>;
		restart(): Promise<unknown>;
		sendReceive(element: LtxElement): Promise<LtxElement>;
		write(text: string): Promise<void>;
	}

	export interface SaslMechanism {
		readonly name: string;
		readonly clientFirst: boolean;
		/** Strings here are bytes, one to a character. */
		response(credentials: unknown): string | Promise<string>;
		challenge(challenge: string): void | Promise<void>;
	}

	export interface ClientEntity extends Entity {
		transports: unknown[];
		readonly saslFactory: {
			use(name: string, mechanism: unknown): void;
			create(names: readonly string[]): SaslMechanism | null;
		};
		readonly streamFeatures: {
			use(name: string, ns: string, handler: () => Promise<void>): void;
		};
	}

	export function client(options: {
		readonly service: string;
		readonly domain: string;
		readonly resource: string | undefined;
		readonly timeout: number;
		readonly credentials: (
			authenticate: (credentials: object, mechanism: string) => Promise<void>,
			mechanisms: readonly string[],
		) => Promise<void>;
	}): ClientEntity;
	export const xml: LtxFactory;
}

declare module "@xmpp/component" {
	import type { Entity, LtxFactory } from "@xmpp/client";

	export function component(options: {
		readonly service: string;
		readonly domain: string;
		readonly password: string;
	}): Entity;
	export const xml: LtxFactory;
}
