import {
	BusError,
	decodeGrant,
	decodeRenewed,
	encodeDeregister,
	encodeRegister,
	encodeRenew,
	type Grant,
	type Heartbeat,
	type InstanceName,
	type Log,
	type Registration,
} from "@antiphon/protocol";
import type { Element } from "@antiphon/xml";

/** Something to register, and what becomes of it. */
export interface Registrable {
	readonly registration: Registration;
	/** What it is busy with now. */
	heartbeat(): Heartbeat;
	/** The domain has registered it, now or again. */
	onGrant(grant: Grant): void;
}

/** What a registrar needs of the node. */
export interface RegistrarSource {
	/** Asks the domain with an `iq` set, and waits for so long at most, in milliseconds, if that is said. @throws BusError */
	ask(payload: Element, atMostMs?: number): Promise<Element | undefined>;
	/** Shows the domain that this node is there, so that the XMPP server tells it when it no longer is. */
	showPresence(): void;
	/** Runs `action` after `delayMs`. @returns what calls it off */
	after(delayMs: number, action: () => void): () => void;
	readonly log: Log;
	readonly domain: string;
}

/** A renewal is due this often in a lease. */
const RENEWALS_IN_LEASE = 3;
/** How long to wait before the domain is asked again, when it did not answer or said no; in milliseconds. */
const FIRST_RETRY_MS = 500;
const MAX_RETRY_MS = 10_000;
/** However short a lease the domain grants, it is not renewed more often, in milliseconds. */
const MIN_RENEWAL_MS = 50;
/** Instances in one renewal: so many fit into a stanza, whatever they are called. */
const RENEWED_AT_ONCE = 64;
/** Until the domain has named its own. */
const DEFAULT_LEASE_MS = 15_000;

/** No other attempt can mend these; the domain says the same until somebody changes something. */
const FINAL: ReadonlySet<string> = new Set(["forbidden", "conflict", "invalid-argument", "too-large"]);

/** Whether it makes no sense to ask the domain again soon. */
export function isFinal({ code }: BusError): boolean {
	return FINAL.has(code);
}

interface Entry {
	readonly item: Registrable;
	state: "new" | "registered" | "lost";
}

/**
 * Keeps what a node serves in one domain registered there.
 *
 * | an entry is  | to         | when                                                                     |
 * | ------------ | ---------- | ------------------------------------------------------------------------ |
 * | new          | registered | `add`: its first `register` was granted; refused, it is gone             |
 * | lost         | registered | `register` was granted                                                   |
 * | registered   | lost       | the domain does not know it any more, or the link was down meanwhile     |
 * | either       | gone       | `remove`: deregistered, without waiting for ever                         |
 *
 * One timer at a time: to renew while all is well, to try again when it is not.
 */
export class Registrar {
	readonly #source: RegistrarSource;
	readonly #entries = new Map<string, Entry>();
	#leaseMs = DEFAULT_LEASE_MS;
	#failures = 0;
	/** The timer that is set, if one is. */
	#cancelTimer: (() => void) | undefined;
	#busy = false;
	/** Something has changed while it was busy. */
	#again = false;
	/** Whether the domain sees that this node is there, since the link came up. */
	#shown = false;
	#stopped = false;

	constructor(source: RegistrarSource) {
		this.#source = source;
	}

	/** Registers an instance. Afterwards it is kept registered. @throws BusError; it is then not kept */
	async add(item: Registrable): Promise<void> {
		const key = keyOf(item.registration);
		if (this.#entries.has(key)) throw new BusError("conflict", `this node has registered ${key} already`);
		const entry: Entry = { item, state: "new" };
		this.#entries.set(key, entry);
		try {
			await this.#register(entry);
		} catch (error) {
			this.#entries.delete(key);
			throw error;
		}
		// A timer that is set stays: many that are added one after the other must not put the renewal off.
		if (this.#cancelTimer === undefined && !this.#busy) this.#schedule();
	}

	/** Takes an instance out. @throws BusError when the domain could not be told; its lease ends anyway */
	async remove(name: InstanceName): Promise<void> {
		if (!this.#entries.delete(keyOf(name))) return;
		if (this.#entries.size === 0) this.#cancel();
		await this.#source.ask(encodeDeregister(name));
	}

	/** Tells the domain now how its instances are: one has begun to drain. */
	renewNow(): void {
		this.#cancel();
		void this.#run();
	}

	/** The link is back: what the domain knew of this node it may have forgotten. */
	onOnline(): void {
		this.#shown = false;
		if (this.#entries.size === 0) return;
		for (const entry of this.#entries.values()) if (entry.state === "registered") entry.state = "lost";
		this.#failures = 0;
		this.renewNow();
	}

	stop(): void {
		this.#stopped = true;
		this.#cancel();
		this.#entries.clear();
	}

	get #renewalMs(): number {
		return Math.max(MIN_RENEWAL_MS, this.#leaseMs / RENEWALS_IN_LEASE);
	}

	#schedule(): void {
		this.#cancel();
		if (this.#stopped || this.#entries.size === 0) return;
		const renewalMs = this.#renewalMs;
		const retryMs = Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** (this.#failures - 1));
		// What is registered stays so while something else is refused.
		const delayMs = this.#failures === 0 ? renewalMs : Math.min(retryMs, renewalMs);
		this.#cancelTimer = this.#source.after(delayMs, () => void this.#run());
	}

	#cancel(): void {
		this.#cancelTimer?.();
		this.#cancelTimer = undefined;
	}

	/** Renews what is registered, registers what is not. Never rejects. */
	async #run(): Promise<void> {
		if (this.#stopped) return;
		this.#again = this.#busy;
		if (this.#busy) return;
		this.#busy = true;
		this.#cancel();
		try {
			await this.#renew();
			const isAgain = await this.#registerLost();
			if (isAgain || this.#failures > 0) this.#source.log.info(`registered with ${this.#source.domain} again`);
			this.#failures = 0;
		} catch (thrown) {
			this.#complain(BusError.from(thrown));
		} finally {
			this.#busy = false;
			if (this.#again) this.renewNow();
			else this.#schedule();
		}
	}

	/** One line for each trouble, not for each attempt. */
	#complain(error: BusError): void {
		// More would only overflow.
		this.#failures = Math.min(this.#failures + 1, 10);
		if (this.#failures === 1 || isFinal(error)) {
			this.#source.log.warn(`not registered with ${this.#source.domain}: ${error.message}; trying again`);
		}
	}

	async #renew(): Promise<void> {
		const registered = [...this.#entries.values()].filter(({ state }) => state === "registered");
		for (let i = 0; i < registered.length; i += RENEWED_AT_ONCE) {
			const some = registered.slice(i, i + RENEWED_AT_ONCE);
			// A host that died with it in its hands must not keep this node from its successor.
			const answer = await this.#source.ask(encodeRenew(some.map(({ item }) => item.heartbeat())), this.#renewalMs);
			for (const name of decodeRenewed(answer)) {
				const entry = this.#entries.get(keyOf(name));
				if (entry?.state === "registered") entry.state = "lost";
			}
		}
	}

	/**
	 * One that the domain will not have does not keep the others out.
	 * @returns whether anything was lost. @throws BusError the first of these refusals
	 */
	async #registerLost(): Promise<boolean> {
		let refusal: BusError | undefined;
		let wasLost = false;
		for (const entry of [...this.#entries.values()]) {
			if (entry.state !== "lost") continue;
			wasLost = true;
			try {
				await this.#register(entry);
			} catch (thrown) {
				const error = BusError.from(thrown);
				if (!isFinal(error)) throw error;
				refusal ??= error;
			}
		}
		if (refusal !== undefined) throw refusal;
		return wasLost;
	}

	async #register(entry: Entry): Promise<void> {
		if (!this.#shown) this.#source.showPresence();
		this.#shown = true;
		const grant = decodeGrant(await this.#source.ask(encodeRegister(entry.item.registration)));
		// It was taken out while the domain was asked.
		if (this.#entries.get(keyOf(entry.item.registration)) !== entry) {
			await this.#source.ask(encodeDeregister(entry.item.registration));
			return;
		}
		entry.state = "registered";
		this.#leaseMs = grant.leaseMs;
		entry.item.onGrant(grant);
	}
}

const keyOf = ({ service, instance }: InstanceName) => `${service}/${instance}`;
