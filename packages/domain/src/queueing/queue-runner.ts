import type {
	Core,
	Engine,
	Journal,
	JournalTime,
	QueueEffect,
	QueueEvent,
	Store,
	Usage,
	View,
} from "@antiphon/delivery";
import { type BusError, type Log, quietLog } from "@antiphon/protocol";
import { runOnJournal, Seldom } from "antiphon/modules";
import type { DomainHost } from "../host/domain-host.js";
import { Asks } from "./asks.js";
import { Deliveries, MAX_DELIVERIES } from "./deliveries.js";
import { FunctionsKnown, isOfQueue, type KnowEvent, type UnknownEffect } from "./functions-known.js";
import { Gate } from "./gate.js";
import { HeardTime, LOOK_MS } from "./heard-time.js";
import { MAX_OUTCOME_PLACES } from "./outcome-places.js";
import { ToldOutcomes } from "./told-outcomes.js";

/** What a queue asks at once of instances and callers: at most so much. */
export const QUEUE_ASKS = MAX_DELIVERIES + MAX_OUTCOME_PLACES;
/** How often it is looked how much room there is, in milliseconds. */
const ROOM_MS = 1_000;
/** Above this share of its room the queue takes nothing new. */
const TIGHT = 0.8;
/** For how long a domain that ends gives an instance nothing: it pulls again when the domain is back. In milliseconds. */
const CLOSING_MS = 60_000;
/** How often the log says the same, in milliseconds. */
const COMPLAIN_EVERY_MS = 60_000;

export interface QueueParts {
	readonly store: Store;
	readonly core: Core<QueueEvent, QueueEffect>;
	/** For how long an outcome is kept at least, in milliseconds. */
	readonly keepMs: number;
	/** How long an instance may take to say that it has taken a call, in milliseconds. */
	readonly takenMs: number;
	/** The domain whose accounts are at home here. Default: everybody is. */
	readonly home?: string;
	/** The journal has failed, or another process has taken it. */
	readonly ended: (error: BusError) => void;
}

type DomainEvent = QueueEvent | KnowEvent;
type DomainEffect = QueueEffect | UnknownEffect;

interface Running {
	readonly engine: Engine<DomainEvent, DomainEffect>;
	readonly journal: Journal;
	readonly time: HeardTime;
	readonly gate: Gate;
	readonly keepMs: number;
	readonly takenMs: number;
	readonly home: string | undefined;
}

/** The queue of a domain: what comes in stanzas goes through an engine, and what that lets go becomes stanzas. */
export class QueueRunner {
	readonly gate: Gate;
	readonly asks: Asks;
	/** For how long an outcome is kept at least, in milliseconds. */
	readonly keepMs: number;
	readonly #running: Running;
	#deliveries: Deliveries | undefined;
	#outcomes: ToldOutcomes | undefined;
	#log: Log = quietLog;
	readonly #unknown = new Seldom(COMPLAIN_EVERY_MS);
	readonly #untold = new Seldom(COMPLAIN_EVERY_MS);
	#isTight = false;

	/** Opens the journal, and reads it. @throws BusError `conflict` when another process has it; `internal` when it cannot be read */
	static async open({ store, core, keepMs, takenMs, home, ended }: QueueParts): Promise<QueueRunner> {
		const gate = new Gate();
		const isHearing = () => gate.isHearing;
		let parts: Pick<Running, "journal" | "time"> | undefined;
		let runner: QueueRunner | undefined;
		const engine = await runOnJournal<DomainEvent, DomainEffect>({
			store,
			name: "queue",
			core: () => new FunctionsKnown(core),
			time(journal) {
				const sources = { monotonic: () => performance.now(), wall: () => Date.now(), isHearing };
				parts = { journal, time: new HeardTime(journal.view, sources) };
				return parts.time;
			},
			// Nothing is decided before there is a runner: not before the gate opens.
			soon: (action) => gate.soon(action),
			release: (effects) => {
				if (runner !== undefined) runner.#release(effects);
			},
			refuse: (events, error) => runner?.asks.refuse(events.filter(isOfQueue), error),
			keeps: ({ type }) => type !== "submit",
			// Its outcome may be large; whether it counts, its token says.
			mayComeLast: ({ type }) => type === "settle",
			ended,
		});
		const { journal, time } = parts as Pick<Running, "journal" | "time">;
		runner = new QueueRunner({ engine, gate, keepMs, takenMs, home, journal, time });
		return runner;
	}

	private constructor(running: Running) {
		this.#running = running;
		this.gate = running.gate;
		this.keepMs = running.keepMs;
		this.asks = new Asks((event) => running.gate.isOpen && running.engine.take(event), running.home);
	}

	/** Begins, now that there is a node. */
	attach(host: DomainHost, isOnline: () => boolean): void {
		const { gate, time, takenMs } = this.#running;
		const tell = (event: QueueEvent) => void this.tell(event);
		this.#log = host.node.log;
		this.#deliveries = new Deliveries(host.node, { domain: host.domain, takenMs, tell });
		this.#outcomes = new ToldOutcomes(host.node, host.domain, tell);
		host.node.every(LOOK_MS, () => time.look());
		host.node.every(ROOM_MS, () => this.#lookForRoom());
		this.#lookForRoom();
		gate.attach(host, isOnline);
	}

	/** Where calls are kept. */
	get keeps(): "on disk" | "in memory" {
		return this.#running.journal.isDurable ? "on disk" : "in memory";
	}

	/** What is on disk. */
	get view(): View {
		return this.#running.journal.view;
	}

	/** The time of the journal. */
	now(): JournalTime {
		return this.#running.time.now();
	}

	/** What the journal takes, and what is left for it. */
	usage(): Usage {
		return this.#running.journal.usage();
	}

	/**
	 * Tells the queue something that nobody says again. It is about leases, and those who hold them or wait.
	 * @returns whether the queue hears of it: not while more waits than these can be, as nothing can be stored, nor after the end
	 */
	tell(event: DomainEvent): boolean {
		const isTold = this.#running.engine.tell(event);
		if (!isTold && this.gate.isOpen) {
			const what = `the queue has not heard of "${event.type}"`;
			this.#untold.say((more) => this.#log.error(`${what}, as it has too much to decide about already${more}`));
		}
		return isTold;
	}

	/** After the node has closed: stores what was taken, and closes the journal. */
	stop(): Promise<void> {
		const { gate, engine } = this.#running;
		gate.end();
		return new Promise((resolve) => engine.stop(resolve));
	}

	#release(effects: readonly DomainEffect[]): void {
		for (const effect of effects) if (effect.type === "answer") this.asks.answer(effect.ask, effect.result);
		const deliveries = effects.filter((each) => each.type === "deliver");
		if (this.#running.gate.isGiving) this.#deliveries?.deliver(deliveries);
		else this.#deliveries?.giveBack(deliveries, CLOSING_MS);
		this.#deliveries?.hint(effects.filter((each) => each.type === "lost" || each.type === "pull-again"));
		this.#outcomes?.tell(effects.filter((each) => each.type === "outcome"));
		for (const effect of effects) if (effect.type === "unknown") this.#sayUnknown(effect);
	}

	#sayUnknown({ service, version, most }: UnknownEffect): void {
		const what = `which functions of ${service} ${version} are durable is not remembered, as it is of ${most} services`;
		const then = "their calls are accepted only while somebody serves them";
		this.#unknown.say((more) => this.#log.error(`${what} already: ${then}${more}`));
	}

	/** Also when it is as before: what the queue has counted since is not. What is not heard is said again. */
	#lookForRoom(): void {
		const { usedBytes, freeBytes } = this.#running.journal.usage();
		const leftBytes = Math.floor(TIGHT * (usedBytes + freeBytes) - usedBytes);
		this.#running.engine.take({ type: "room", leftBytes });
		const isTight = leftBytes <= 0;
		if (isTight === this.#isTight) return;
		this.#isTight = isTight;
		const bytes = `${usedBytes} bytes are used, and ${freeBytes} are left`;
		if (isTight) this.#log.warn(`the queue takes no new calls until there is more room for it: ${bytes}`);
		else this.#log.info(`the queue takes new calls again: ${bytes}`);
	}
}
