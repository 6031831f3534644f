import {
	type DeliveryEvent,
	type DroppedEffect,
	type Engine,
	Inbox,
	type InboxAnswer,
	type InboxEffect,
	type InboxEvent,
	type LeaseRef,
	type LeaseResult,
	type Place,
	type Store,
} from "@antiphon/delivery";
import { stanzaId } from "@antiphon/link";
import { BusError, type Log } from "@antiphon/protocol";
import type { Element } from "@antiphon/xml";
import { Seldom } from "../bounds/seldom.js";
import { errorOfRefusal, refusalOf } from "../calls/outcome-text.js";
import { runOnJournal } from "../host/journal-engine.js";
import { Credits } from "./credits.js";
import { type LeaseAsking, type LeaseEffect, leaseAskings, leaseRequest, leaseResults } from "./inbox-stanzas.js";
import { LeasedRuns, type StartRun } from "./leased-runs.js";

export interface InboxParts {
	readonly store: Store;
	readonly log: Log;
	/** Asks a domain with an `iq` set. @throws BusError */
	ask(domain: string, payload: Element, timeoutMs: number): Promise<Element | undefined>;
	readonly start: StartRun;
	/** Places that are free for calls of an instance, in its service and on this node. */
	free(place: Place): number;
	/** The journal cannot be used any more. */
	ended(error: BusError): void;
}

/** How long a domain may take to answer, in milliseconds; then it is asked again. */
const ANSWER_MS = 5_000;
/** When it may be worth another try where there was no room, in milliseconds. */
const NO_ROOM_MS = 1_000;
/** How often the log says the same. */
const COMPLAIN_EVERY_MS = 10_000;

/** Runs the inbox of a node: takes what domains deliver, has it run and reports what came of it. */
export class InboxRunner {
	readonly #parts: InboxParts;
	readonly #runs: LeasedRuns;
	readonly #credits: Credits;
	readonly #dropped = new Seldom(COMPLAIN_EVERY_MS);
	readonly #refused = new Seldom(COMPLAIN_EVERY_MS);
	/** Deliveries that wait for their answer. */
	readonly #asked = new Map<number, { resolve(result: InboxAnswer["result"]): void; reject(error: BusError): void }>();
	#lastAsk = 0;
	#engine: Engine<InboxEvent, InboxEffect> | undefined;

	constructor(parts: InboxParts) {
		this.#parts = parts;
		this.#runs = new LeasedRuns({
			start: parts.start,
			tell: (event) => this.#tell(event),
			noPlace: (place) => this.#credits.lower(place),
		});
		this.#credits = new Credits({
			free: (place) => parts.free(place),
			running: (place) => this.#runs.running(place),
			tell: (place, credit) => this.#tell({ type: "credit", ...place, credit }),
		});
	}

	/** Opens its journal. @throws BusError */
	async open(): Promise<void> {
		const { store, ended } = this.#parts;
		this.#engine = await runOnJournal<InboxEvent, InboxEffect>({
			store,
			name: "inbox",
			core: (journal) => new Inbox({ isDurable: journal.isDurable, session: stanzaId() }),
			release: (effects) => this.#release(effects),
			refuse: (events, error) => this.#refuse(events, error),
			// A domain delivers again, and has the record that counts of an outcome; the rest nobody else knows.
			keeps: ({ type }) => type !== "deliver" && type !== "ended",
			ended: (error) => {
				for (const ask of [...this.#asked.keys()]) this.#takeAsked(ask)?.reject(error);
				ended(error);
			},
		});
	}

	/** An instance has been registered, anew. @param credit unfinished calls that it takes; 0: it drains */
	serve(place: Place, credit: number): void {
		this.#credits.serve(place, credit);
		this.#tell({ type: "serve", ...place, credit });
	}

	/** An instance is registered no more. */
	leave(place: Place): void {
		this.#credits.leave(place);
		this.#tell({ type: "leave", ...place });
	}

	/** Something that ran on this node, whatever it was, has left its place. */
	left(): void {
		this.#credits.left();
	}

	/** The link is down. */
	offline(): void {
		this.#tell({ type: "offline" });
	}

	/** A call has come. Resolves when it is kept, and for a copy. @throws BusError why it is not */
	async deliver(delivery: Omit<DeliveryEvent, "type" | "ask">): Promise<void> {
		const ask = ++this.#lastAsk;
		const result = await new Promise<InboxAnswer["result"]>((resolve, reject) => {
			this.#asked.set(ask, { resolve, reject });
			if (this.#engine?.take({ type: "deliver", ask, ...delivery })) return;
			this.#takeAsked(ask);
			reject(new BusError("overloaded", "too much waits for the inbox already", { retryAfterMs: NO_ROOM_MS }));
		});
		if (result.is === "refused") throw errorOfRefusal(result.refusal);
	}

	/** A hint of a domain: leases are over. */
	lost(domain: string, leases: readonly LeaseRef[]): void {
		for (const { n, token } of leases) this.#engine?.take({ type: "lost", domain, n, token });
	}

	/** A hint of a domain: it does not know any more what an instance takes. */
	pullNow(place: Place): void {
		this.#engine?.take({ type: "pull-now", ...place });
	}

	/** Whether anything that came to this process runs, or is not reported. */
	get isBusy(): boolean {
		return this.#runs.size > 0;
	}

	/** Resolves when nothing does, or nothing that came to one instance. */
	whenIdle(place?: Place): Promise<void> {
		return this.#runs.whenIdle(place);
	}

	/** Resolves when the journal is closed. What ends from now on is not reported. */
	stop(): Promise<void> {
		const engine = this.#engine;
		this.#credits.stop();
		if (engine === undefined) return Promise.resolve();
		this.#engine = undefined;
		return new Promise((resolve) => engine.stop(resolve));
	}

	#refuse(events: readonly InboxEvent[], error: BusError): void {
		for (const event of events) {
			if (event.type === "deliver") this.#takeAsked(event.ask)?.reject(error);
			if (event.type === "ended") this.#tell({ ...event, isUnkept: true });
		}
	}

	/** What only this process knows. There is no more of it than runs, is served or was asked. */
	#tell(event: InboxEvent): void {
		this.#engine?.tell(event);
	}

	#takeAsked(ask: number) {
		const asked = this.#asked.get(ask);
		this.#asked.delete(ask);
		return asked;
	}

	#release(effects: readonly InboxEffect[]): void {
		const wanted: LeaseEffect[] = [];
		for (const effect of effects) {
			switch (effect.type) {
				case "answer":
					this.#takeAsked(effect.ask)?.resolve(effect.result);
					break;
				case "run":
					this.#runs.start(effect);
					break;
				case "abort":
					this.#runs.abort(effect.run);
					break;
				case "dropped":
					this.#runs.reported(effect);
					this.#complain(effect);
					break;
				default:
					wanted.push(effect);
			}
		}
		for (const asking of leaseAskings(wanted)) void this.#exchange(asking);
	}

	/** Sends a request and tells the inbox what comes of it. */
	async #exchange(asking: LeaseAsking): Promise<void> {
		let results: ReadonlyMap<number, LeaseResult>;
		const { domain } = asking.items[0] as LeaseEffect;
		try {
			results = leaseResults(asking, await this.#parts.ask(domain, leaseRequest(asking), ANSWER_MS));
		} catch (thrown) {
			results = this.#failed(asking, domain, BusError.from(thrown));
		}
		for (const item of asking.items as readonly LeaseEffect[]) {
			const { request } = item;
			const result = results.get(request);
			this.#tell(result === undefined ? { type: "unanswered", request } : { type: "answered", request, result });
			if (result !== undefined && (item.type === "settle" || item.type === "release")) this.#runs.reported(item);
		}
	}

	/** A pull that the domain does not want is answered with that; whatever else went wrong says nothing of the request. */
	#failed(asking: LeaseAsking, domain: string, error: BusError): ReadonlyMap<number, LeaseResult> {
		if (asking.type !== "pull" || error.executed !== "no" || error.code === "link-lost") return new Map();
		const [{ service, request }] = asking.items;
		this.#refused.say((more) =>
			this.#parts.log.warn(`${service} gets no durable calls of ${domain}${more}: ${error.message}`),
		);
		return new Map([[request, { is: "refused", refusal: refusalOf(error) }]]);
	}

	#complain({ domain, service, why, sender, id }: DroppedEffect): void {
		const reason =
			why === "fenced"
				? "the call has been settled otherwise, or is another's: what it has done may be done twice"
				: "the domain could not be told of it for a week";
		this.#dropped.say((more) =>
			this.#parts.log.warn(
				`${domain} has not taken the outcome of ${service}'s call ${sender}/${id}${more}: ${reason}`,
			),
		);
	}
}
