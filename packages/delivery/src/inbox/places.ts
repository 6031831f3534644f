import type { LeaseRef } from "../calls.js";
import type { Exchange } from "../engine/exchange.js";
import { SerialWindow } from "../engine/serial-window.js";
import { placeKey } from "./held-calls.js";
import type { CreditEvent, Place, PullEffect, RenewEffect, ServeEvent } from "./inbox-events.js";

/** An instance, as the inbox knows it. */
export interface KnownPlace extends Place {
	readonly key: string;
	/** `undefined`: it is not registered; what it held before is brought to its end. */
	credit: number | undefined;
	/** Of its last pull; 0: none yet. */
	number: number;
	/** The domain has answered that pull. */
	isPulling: boolean;
	/** The deliveries that have come since. */
	window: SerialWindow;
	/** When its leases are renewed next, by `up`. */
	renewAt: number;
	renewMs: number;
	/** Into how many requests the last renewal was divided. */
	chunks: number;
}

export interface PlacesOptions {
	readonly session: string;
	readonly inbox: PullEffect["inbox"];
	/** Deliveries in flight of one place. */
	readonly maxInFlight: number;
	/** What a place has in the eyes of its domain. */
	leasedTo(place: Place): LeaseRef[];
}

const RENEW_MS = 10_000;
/** As many as there may be items in a stanza. */
const RENEWED_AT_ONCE = 64;
/** What a request takes that has no outcome in it. */
export const SMALL = 256;

/** The instances of this node, and what their domains are told of them: pulls and renewals. */
export class Places {
	readonly #options: PlacesOptions;
	readonly #exchange: Exchange;
	readonly #places = new Map<string, KnownPlace>();
	/** Domains that can be told something. */
	readonly #reachable = new Set<string>();
	/** Never counted anew in this process. */
	#lastNumber = 0;

	constructor(options: PlacesOptions, exchange: Exchange) {
		this.#options = options;
		this.#exchange = exchange;
	}

	get(place: Place): KnownPlace | undefined {
		return this.#places.get(placeKey(place));
	}

	isReachable(domain: string): boolean {
		return this.#reachable.has(domain);
	}

	serve(event: ServeEvent, up: number): void {
		const place = this.know(event);
		place.credit = event.credit;
		this.#reachable.add(event.domain);
		// Whatever it holds is near its end, if it was away for long.
		for (const each of this.#places.values()) if (each.domain === event.domain) each.renewAt = up;
		this.#pull(place);
	}

	/** It takes more or fewer than before, if it is served. */
	takes(event: CreditEvent): void {
		const place = this.get(event);
		if (place?.credit === undefined || place.credit === event.credit) return;
		place.credit = event.credit;
		this.#pull(place);
	}

	leave(event: Place): void {
		const place = this.get(event);
		if (place === undefined) return;
		[place.credit, place.isPulling] = [undefined, false];
		this.#exchange.delete(pullKey(place));
	}

	offline(): void {
		this.#reachable.clear();
		for (const place of this.#places.values()) {
			place.isPulling = false;
			this.#dropRenewals(place);
		}
	}

	/** A place of which something is held, served or not. */
	know(place: Place): KnownPlace {
		const key = placeKey(place);
		const known = this.#places.get(key) ?? this.#new(key, place);
		this.#places.set(key, known);
		return known;
	}

	/** Unless it is doing so. */
	pullAgain(place: KnownPlace | undefined): void {
		if (place?.credit !== undefined && place.isPulling) this.#pull(place);
	}

	/** After the exchange was cleared. */
	pullAll(): void {
		for (const place of this.#places.values()) if (place.credit !== undefined) this.#pull(place);
	}

	/** The domain has answered a pull. */
	pulling(key: string, leaseMs: number, up: number): void {
		const place = this.#places.get(placeIn(key));
		this.#exchange.delete(key);
		if (place === undefined) return;
		place.isPulling = true;
		learnLease(place, leaseMs, up);
		if (place.renewAt <= up) place.renewAt = up + place.renewMs;
	}

	/** A renewal is over, answered or not. It is not repeated: the next one is near. */
	endRenewal(key: string): KnownPlace | undefined {
		this.#exchange.delete(key);
		return this.#places.get(placeIn(key));
	}

	/** Renews what is due. */
	renew(up: number): void {
		for (const place of this.#places.values()) {
			if (!this.#isReachable(place) || place.renewAt > up) continue;
			place.renewAt = up + place.renewMs;
			this.#dropRenewals(place);
			const count = Math.ceil(this.#options.leasedTo(place).length / RENEWED_AT_ONCE);
			// Without items it asks whether the domain knows the pull.
			place.chunks = Math.max(count, place.isPulling ? 1 : 0);
			for (let chunk = 0; chunk < place.chunks; chunk++) {
				this.#exchange.put(renewalKey(place, chunk), place.domain, SMALL);
			}
		}
	}

	wakeUp(): number | undefined {
		const times = [...this.#places.values()].filter((place) => this.#isReachable(place)).map(({ renewAt }) => renewAt);
		return times.length === 0 ? undefined : Math.min(...times);
	}

	/** What is to be sent for a key of this. */
	ask(key: string, request: number): PullEffect | RenewEffect | undefined {
		const place = this.#places.get(placeIn(key));
		if (place === undefined) return undefined;
		const { domain, service, instance, credit = 0 } = place;
		const held = this.#options.leasedTo(place);
		if (isRenewal(key)) {
			const from = chunkIn(key) * RENEWED_AT_ONCE;
			const items = held.slice(from, from + RENEWED_AT_ONCE);
			return { type: "renew", request, domain, service, instance, items };
		}
		const { session, inbox, maxInFlight } = this.#options;
		place.number = ++this.#lastNumber;
		place.window = new SerialWindow(maxInFlight);
		const pull = { request, domain, service, instance, credit, session, number: place.number, inbox, held };
		return { type: "pull", ...pull };
	}

	#pull(place: KnownPlace): void {
		place.isPulling = false;
		this.#exchange.put(pullKey(place), place.domain, SMALL);
	}

	#dropRenewals(place: KnownPlace): void {
		for (let chunk = 0; chunk < place.chunks; chunk++) this.#exchange.delete(renewalKey(place, chunk));
		place.chunks = 0;
	}

	#isReachable(place: KnownPlace): boolean {
		return this.#reachable.has(place.domain);
	}

	#new(key: string, { domain, service, instance }: Place): KnownPlace {
		const window = new SerialWindow(this.#options.maxInFlight);
		const place = { key, domain, service, instance, credit: undefined, number: 0, isPulling: false };
		return { ...place, window, renewAt: 0, renewMs: RENEW_MS, chunks: 0 };
	}
}

/** A lease is renewed four times before it ends, and every 10 s at least. */
export function learnLease(place: KnownPlace, leaseMs: number, up: number): void {
	place.renewMs = Math.max(1_000, Math.min(RENEW_MS, leaseMs / 4));
	place.renewAt = Math.min(place.renewAt, up + place.renewMs);
}

export function isRenewal(key: string): boolean {
	return key.startsWith("\nrenew");
}

/** Keys in the exchange: those of calls begin with a domain, which is not empty. */
function pullKey(place: KnownPlace): string {
	return `\npull\n${place.key}`;
}

function renewalKey(place: KnownPlace, chunk: number): string {
	return `\nrenew ${chunk}\n${place.key}`;
}

function chunkIn(key: string): number {
	return Number(key.split("\n")[1]?.split(" ")[1]);
}

function placeIn(key: string): string {
	return key.split("\n").slice(2).join("\n");
}
