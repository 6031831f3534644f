import { EventEmitter } from "node:events";
import { NS } from "@antiphon/protocol";
import { type Element, STREAM_END } from "@antiphon/xml";
import type { Entity, LtxFactory } from "@xmpp/client";
import { final, LinkFailure, passing } from "../failure.js";
import { toLtx } from "./ltx-bridge.js";
import type { Arrival, Wire } from "./wire.js";

/** What one kind of stream adds: what xmpp.js gets to see. Both may throw a LinkFailure. */
export interface NegotiationRules {
	/** The header to show to xmpp.js. */
	header(header: Element): Element;
	/** The element to show to xmpp.js: this one, another, or none. `last` when the stream is up once it has been dealt with. */
	admit(element: Element): { readonly show?: Element | undefined; readonly last?: boolean };
}

/** Stanzas that came in behind the last step of the negotiation, before xmpp.js has said that it is done. */
const MAX_HELD = 1000;
/** The only service that xmpp.js is ever told. Where it really goes is none of its business. */
const SERVICE = "xmpp://wire";

/**
 * Lets xmpp.js negotiate a stream on a wire of ours. Its `Socket` writes to the wire, its `Parser` emits what the rules
 * let through; it never sees bytes, stream errors, failures or stanzas of anybody but the server, which are the inputs
 * that it does not survive. When it is online it is let go of: nothing of it is in the way of a stanza.
 */
export class Negotiator {
	readonly service = SERVICE;
	/** For `entity.Socket`. */
	readonly Socket: new () => EventEmitter;
	/** For `entity.Parser`. A new one is made for each new stream on the connection. */
	readonly Parser: new () => EventEmitter;
	readonly #wire: Wire;
	#parser: EventEmitter | undefined;

	constructor(wire: Wire) {
		this.#wire = wire;
		this.Socket = wireSocket(wire);
		const use = (parser: EventEmitter) => {
			this.#parser = parser;
		};
		this.Parser = class extends EventEmitter {
			constructor() {
				super();
				use(this);
			}
		};
	}

	/**
	 * @returns what has come in behind the last step
	 * @throws LinkFailure; the wire is ended then
	 */
	async run(entity: Entity, domain: string, rules: NegotiationRules, create: LtxFactory): Promise<Arrival[]> {
		const held: Arrival[] = [];
		let holding = false;
		const hold = (arrival: Arrival) => {
			if (held.length >= MAX_HELD) throw passing("link-lost", "a flood of stanzas during login");
			held.push(arrival);
		};
		entity.reconnect.stop();
		try {
			await new Promise<void>((resolve, reject) => {
				const guarded = (action: () => void) => {
					try {
						action();
					} catch (error) {
						reject(error);
					}
				};
				// Stays on: whatever xmpp.js comes up with later must not be an error that nobody hears.
				entity.on("error", reject);
				entity.once("online", () => resolve());
				this.#wire.listen({
					onBytes: () => {},
					onHeader: (header) =>
						guarded(() => {
							this.#parser?.emit("start", toLtx(rules.header(header), create, "stream:stream"));
						}),
					onElement: (element) =>
						guarded(() => {
							// A stream error ends the negotiation at whatever point it comes.
							if (holding && !element.is("error", NS.streams)) {
								hold({ element });
								return;
							}
							const { show, last = false } = rules.admit(element);
							if (last) {
								holding = true;
								this.#wire.trust();
							}
							if (show !== undefined) this.#parser?.emit("element", toLtx(show, create));
						}),
					onSkipped: (skipped) => guarded(() => hold({ skipped })),
					onEnd: reject,
				});
				entity
					.connect(SERVICE)
					.then(() => entity.open({ domain }))
					.catch(reject);
			});
			this.#wire.listen({
				onBytes() {},
				onHeader() {},
				onElement: (element) => held.push({ element }),
				onSkipped: (skipped) => held.push({ skipped }),
				onEnd() {},
			});
			return held;
		} catch (error) {
			const failure = asFailure(error).heardOn(this.#wire);
			this.#wire.end(failure, STREAM_END);
			throw failure;
		} finally {
			letGo(entity);
		}
	}
}

/** What xmpp.js takes for its socket. It never emits `data`: bytes go to the wire's parser, past xmpp.js. */
function wireSocket(wire: Wire): new () => EventEmitter {
	return class extends EventEmitter {
		get secure(): boolean {
			return wire.encrypted;
		}
		connect(): void {
			// The wire is connected; xmpp.js begins to listen after this call.
			queueMicrotask(() => this.emit("connect"));
		}
		write(text: string, done?: (error?: Error) => void): void {
			wire.write(text);
			queueMicrotask(() => done?.());
		}
		end(): void {}
	};
}

/** Settles whatever xmpp.js still waits for, so that none of its timers outlives the negotiation. */
function letGo(entity: Entity): void {
	const gone = new Error("the negotiation is over");
	// It may be between two steps: after the login, it opens the stream again some turns later, and would time that.
	entity.timeout = 0;
	for (const pending of entity.iqCaller.handlers.values()) pending.reject(gone);
	entity.removeAllListeners("element");
	entity.removeAllListeners("send");
	entity.emit("error", gone);
}

function asFailure(error: unknown): LinkFailure {
	if (error instanceof LinkFailure) return error;
	// xmpp.js says this when its list of mechanisms and ours differ, and nothing that can be relied on otherwise.
	const message = error instanceof Error ? error.message : String(error);
	return error instanceof TypeError
		? final("internal", `the negotiation failed: ${message}`, error)
		: passing("link-lost", `the negotiation failed: ${message}`, error);
}
