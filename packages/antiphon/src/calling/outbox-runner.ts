import {
	type DomainResult,
	type Engine,
	Outbox,
	type OutboxEffect,
	type OutboxEvent,
	type OutboxResult,
	type OutcomeText,
	type Store,
	type Submission,
} from "@antiphon/delivery";
import { BusError, Jid, type Log } from "@antiphon/protocol";
import type { Element } from "@antiphon/xml";
import { Seldom } from "../bounds/seldom.js";
import { errorOfRefusal, faultText, refusalOf } from "../calls/outcome-text.js";
import { batches } from "../host/batches.js";
import { runOnJournal } from "../host/journal-engine.js";
import type { DurableId } from "./durable-id.js";
import { type Asking, requestOf, resultsIn } from "./outbox-stanzas.js";
import { type Patience, Waiters } from "./waiters.js";

export interface OutboxParts {
	readonly store: Store;
	readonly log: Log;
	/** Questions that may wait for their answer. Above it `overloaded`. */
	readonly maxWaiting: number;
	/** Asks a domain. @throws BusError */
	ask(type: "get" | "set", to: Jid, payload: Element, timeoutMs: number): Promise<Element | undefined>;
	/** The journal cannot be used any more. */
	ended(error: BusError): void;
}

/** What became of a call, and how often it has run. */
export interface Settled {
	readonly attempts: number;
	readonly outcome: OutcomeText;
	/** To who gives up a call that this node has not made: no such call has come to its domain. */
	readonly isUnknown?: boolean;
}

/** How long a domain may take to answer, in milliseconds; then it is asked again. Less than most have who wait. */
const ANSWER_MS = 5_000;
const WITHOUT_QUEUE =
	'Host it with createDomain({ store }); keep the calls until then, with createNode({ outbox }); or call without a queue, with { delivery: "at-most-once" }';
/** How often the log says why calls are kept here for now. */
const COMPLAIN_EVERY_MS = 10_000;

/**
 * Runs the outbox of a node: hands it what the application wants and what domains say, and does what it decides
 * (docs/protocol.md, "Durable calls").
 */
export class OutboxRunner {
	readonly #parts: OutboxParts;
	readonly #waiters: Waiters<OutboxResult>;
	readonly #troubles = new Seldom(COMPLAIN_EVERY_MS);
	#engine: Engine<OutboxEvent, OutboxEffect> | undefined;
	#core: Outbox | undefined;
	#isDurable = false;

	constructor(parts: OutboxParts) {
		this.#parts = parts;
		this.#waiters = new Waiters(parts.maxWaiting);
	}

	/** Whether calls that were kept survive this process. */
	get isDurable(): boolean {
		return this.#isDurable;
	}

	/** Questions of this program that wait for their answer. */
	get waiting(): number {
		return this.#waiters.size;
	}

	/** Resolves when none does. */
	whenIdle(): Promise<void> {
		return this.#waiters.whenIdle();
	}

	/** Opens its journal. @throws BusError */
	async open(): Promise<void> {
		const { store, ended } = this.#parts;
		this.#engine = await runOnJournal<OutboxEvent, OutboxEffect>({
			store,
			name: "outbox",
			core: (journal) => {
				this.#isDurable = journal.isDurable;
				this.#core = new Outbox({ isDurable: journal.isDurable, fault: faultText });
				return this.#core;
			},
			release: (effects) => this.#release(effects),
			refuse: (events, error) => this.#refuse(events, error),
			// What the application or a domain can try again is refused; the rest nobody else knows.
			keeps: ({ type }) => type !== "keep" && type !== "told",
			ended: (error) => {
				this.#waiters.failAll(error);
				ended(error);
			},
		});
	}

	/** To which services this node has submitted calls of an id, as far as it still knows. */
	addressesOf(id: string): readonly string[] {
		return this.#core?.addressesOf(id) ?? [];
	}

	/** The link has come up, or is down. */
	link(isUp: boolean): void {
		this.#tell({ type: "link", isUp });
	}

	/** Resolves when a call is on disk, here or at its domain. @throws BusError */
	async keep(to: string, submission: Submission, patience: Patience): Promise<void> {
		await this.#ask((ask) => ({ type: "keep", ask, to, submission }), patience);
	}

	/** Waits for the outcome of a call. @throws BusError why there is nothing to wait for, or no more patience */
	wait({ to, id }: DurableId, patience: Patience): Promise<Settled> {
		return this.#settled((ask) => ({ type: "wait", ask, to, id }), patience);
	}

	/** Gives a call up. @returns the outcome that it has now. @throws BusError */
	cancel({ to, id }: DurableId, patience: Patience): Promise<Settled> {
		return this.#settled((ask) => ({ type: "cancel", ask, to, id }), patience);
	}

	/** A domain tells of an outcome. Resolves when that is kept, or nobody wants it. @throws BusError */
	async told(from: string, told: Settled & { readonly id: string }, patience: Patience): Promise<void> {
		// Anybody can tell of calls that were never made. That is not to cost those a place that were.
		if (this.#core?.knows(from, told.id) === false) return;
		// Those who wait here wait for what is told: they must not keep it out. The engine takes only so much.
		await this.#ask((ask) => ({ type: "told", ask, from, ...told }), patience, true);
	}

	/** Nobody gets an answer any more. */
	failAll(error: BusError): void {
		this.#waiters.failAll(error);
	}

	/** Resolves when the journal is closed. */
	stop(): Promise<void> {
		const engine = this.#engine;
		if (engine === undefined) return Promise.resolve();
		this.#engine = undefined;
		return new Promise((resolve) => engine.stop(resolve));
	}

	async #settled(event: (ask: number) => OutboxEvent, patience: Patience): Promise<Settled> {
		const result = await this.#ask(event, patience);
		if (result.is === "settled") return result;
		throw new BusError("internal", `the outbox answered ${result.is} to a question for an outcome`);
	}

	/** @throws BusError what was refused */
	async #ask(event: (ask: number) => OutboxEvent, patience: Patience, isBounded = false): Promise<OutboxResult> {
		const result = await this.#waiters.wait(patience, {
			isBounded,
			begin: (ask) => {
				if (!this.#engine?.take(event(ask))) throw this.#cannot();
			},
			giveUp: (ask) => this.#tell({ type: "stop-waiting", ask }),
		});
		if (result.is === "refused") throw errorOfRefusal(result.refusal);
		return result;
	}

	/** What only this process knows. There is no more of it than waits here or was asked. */
	#tell(event: OutboxEvent): void {
		this.#engine?.tell(event);
	}

	#cannot(): BusError {
		return this.#engine === undefined
			? new BusError("link-lost", "the node was closed", { executed: "no" })
			: new BusError("overloaded", "too much waits for the outbox already", { retryAfterMs: 100 });
	}

	#refuse(events: readonly OutboxEvent[], error: BusError): void {
		for (const event of events) if ("ask" in event) this.#waiters.fail(event.ask, error);
	}

	#release(effects: readonly OutboxEffect[]): void {
		const asking: { [Type in Asking["type"]]: Extract<Asking, { type: Type }>["items"][number][] } = {
			submit: [],
			await: [],
			cancel: [],
		};
		for (const effect of effects) {
			switch (effect.type) {
				case "answer":
					this.#waiters.settle(effect.ask, effect.result);
					break;
				case "submit":
					asking.submit.push(effect);
					break;
				case "await":
					asking.await.push(effect);
					break;
				case "cancel":
					asking.cancel.push(effect);
					break;
				case "missing":
					this.#parts.log.error(
						`${effect.to} does not know the call ${effect.id} of ${effect.fn} any more, which it had accepted: it has lost or forgotten it`,
					);
			}
		}
		const to = (item: { readonly to: string }) => item.to;
		const bytes = ({ submission }: { readonly submission: Submission }) => Buffer.byteLength(submission.call.text);
		for (const items of batches(asking.submit, to, bytes)) this.#exchange({ type: "submit", ...addressed(items) });
		for (const items of batches(asking.await, to)) this.#exchange({ type: "await", ...addressed(items) });
		for (const items of batches(asking.cancel, to)) this.#exchange({ type: "cancel", ...addressed(items) });
	}

	/** Sends a request and tells the outbox what comes of each item. */
	#exchange(asking: Asking): void {
		const tell = (request: number, result: DomainResult | undefined) => {
			this.#tell(result === undefined ? { type: "unanswered", request } : { type: "answered", request, result });
		};
		void this.#send(asking).then(
			(results) => {
				for (const { request, ...item } of asking.items) {
					const id = "id" in item ? item.id : item.submission.id;
					const isLeftOut = results.has(id) && results.get(id) === undefined;
					if (isLeftOut && asking.type === "await" && asking.items.length > 1) this.#alone(asking, id);
					else tell(request, results.get(id));
				}
			},
			(thrown) => {
				const error = BusError.from(thrown);
				this.#complain(asking, error);
				const refusal = refusalOf(error);
				for (const { request } of asking.items) this.#tell({ type: "unanswered", request, refusal });
			},
		);
	}

	/** @throws BusError that says what to do if there is no queue */
	async #send(asking: Asking): Promise<ReadonlyMap<string, DomainResult | undefined>> {
		const type = asking.type === "await" ? "get" : "set";
		try {
			return resultsIn(asking, await this.#parts.ask(type, Jid.parse(asking.to), requestOf(asking), ANSWER_MS));
		} catch (thrown) {
			const { code, message, executed } = BusError.from(thrown);
			if (code !== "unimplemented") throw thrown;
			throw new BusError(code, `${message}. ${WITHOUT_QUEUE}`, { executed, cause: thrown });
		}
	}

	/** An outcome that did not fit in beside others. */
	#alone({ type, to, items }: Extract<Asking, { type: "await" }>, id: string): void {
		this.#exchange({ type, to, items: items.filter((item) => item.id === id) });
	}

	/** Those that wait here are not told, when the calls are kept until they can be submitted. */
	#complain({ type, to, items }: Asking, { message }: BusError): void {
		if (!this.#isDurable) return;
		const what = type === "submit" ? `${items.length} calls for ${to} stay in the outbox` : `${to} cannot be asked`;
		this.#troubles.say((more) => this.#parts.log.warn(`${what} for now${more}: ${message}`));
	}
}

/** All of them go to one address. */
function addressed<Item extends { readonly to: string }>(
	items: readonly Item[],
): { to: string; items: readonly Item[] } {
	return { to: (items[0] as Item).to, items };
}
