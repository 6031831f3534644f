import type { BusErrorCode } from "@antiphon/protocol";
import type { LeaseRef, Refusal } from "../calls.js";
import type { Core, Desk } from "../engine/core.js";
import { Exchange, type ExchangeOptions } from "../engine/exchange.js";
import type { View } from "../journal/journal.js";
import type { JournalTime } from "../journal/journal-time.js";
import { callKey, type HeldCall, HeldCalls } from "./held-calls.js";
import type {
	DeliveryEvent,
	DroppedEffect,
	EndedEvent,
	InboxEffect,
	InboxEvent,
	LeaseResult,
	Place,
	UnableEvent,
} from "./inbox-events.js";
import { INBOX_LIMITS, type InboxLimits } from "./inbox-limits.js";
import { isRenewal, type KnownPlace, learnLease, Places, SMALL } from "./places.js";

export interface InboxOptions {
	/** Whether its journal survives the process. */
	readonly isDurable: boolean;
	/** Random, of this process. */
	readonly session: string;
	readonly limits?: Partial<InboxLimits>;
}

/** What a step decides with. */
interface Turn {
	readonly now: JournalTime;
	readonly desk: Desk;
	readonly effects: InboxEffect[];
}

const EXCHANGE: ExchangeOptions = {
	backOff: { firstMs: 500, maxMs: 30_000 },
	answerMs: 15_000,
	inFlight: { count: 2_048, size: 4 * 2 ** 20 },
	inFlightPerPeer: { count: 1_024, size: 2 ** 20 },
};
const FULL_MS = 1_000;
const DROPPED_AT_ONCE = 256;

/**
 * The calls that a domain has leased to the instances of this node. A call is known by the domain, its caller and its id.
 *
 * | state | event | to | and |
 * | --- | --- | --- | --- |
 * | – | delivered, its session, number and serial are good | running | stored, `taken`, `run` |
 * | any | the same delivery again, or an older one | same | `taken` |
 * | running | delivered with a higher token: the lease was lost meanwhile | same, token raised | `taken`; not started again |
 * | recorded | delivered with a higher token | same, token raised | `taken`, its outcome is reported: no second run |
 * | aborting | delivered with a higher token | same | `overloaded`: two runs of a call never stand side by side |
 * | unrun, lost with its process, done | delivered with a higher token | running | `taken`, `run`: the domain wants it run again |
 * | running | its handler has ended | recorded | stored, then reported until the domain answers |
 * | running | it could not be run | unrun | handed back, executed no |
 * | running | a hint or a renewal says that its lease is lost | aborting | `abort` |
 * | aborting | its handler has ended | – | |
 * | recorded | the domain has recorded it | done | remembered for 10 minutes, for late copies |
 * | recorded | the domain refuses it: fenced | – | `dropped` |
 * | running | the process begins anew | lost with its process | not named in a pull; handed back, executed unknown |
 * | unrun, lost | handed back | – | |
 *
 * Which deliveries are good: those of this process (session) since its last pull (number) that come for the first time
 * (serial). Towards a domain that has lost its journal, and counts calls anew, another number of the call is a higher token.
 */
export class Inbox implements Core<InboxEvent, InboxEffect> {
	readonly #options: InboxOptions;
	readonly #limits: InboxLimits;
	readonly #calls: HeldCalls;
	readonly #exchange = new Exchange(EXCHANGE);
	readonly #places: Places;
	/** Never counted anew in this process. */
	#lastRun = 0;
	#now: JournalTime = { up: 0, calendar: 0 };

	constructor(options: InboxOptions) {
		this.#options = options;
		this.#limits = { ...INBOX_LIMITS, ...options.limits };
		this.#calls = new HeldCalls(this.#limits, options.session);
		const { session, isDurable } = options;
		const places = {
			...({ session, inbox: isDurable ? "durable" : "memory", maxInFlight: this.#limits.maxInFlight } as const),
			leasedTo: (place: Place) => this.#leasedTo(place),
		};
		this.#places = new Places(places, this.#exchange);
	}

	step(events: readonly InboxEvent[], now: JournalTime, desk: Desk): readonly InboxEffect[] {
		this.#calls.begin();
		this.#now = now;
		const turn: Turn = { now, desk, effects: [] };
		for (const event of events) this.#decide(turn, event);
		this.#calls.forget(desk, now.up);
		this.#dropUnheard(turn);
		this.#places.renew(now.up);
		this.#ask(turn);
		return turn.effects;
	}

	wakeUp(): number | undefined {
		const times = [this.#calls.wakeUp(this.#now.up), this.#exchange.wakeUp(), this.#places.wakeUp()];
		const known = times.filter((time) => time !== undefined);
		return known.length === 0 ? undefined : Math.min(...known);
	}

	recover(view: View, now: JournalTime): void {
		this.#now = now;
		this.#calls.recover(view);
		this.#exchange.clear();
		this.#places.pullAll();
		for (const call of this.#calls.held()) {
			this.#places.know(call.head);
			if (call.head.state !== "aborting" && !this.#calls.isRunning(call)) this.#tell(call);
		}
	}

	#decide(turn: Turn, event: InboxEvent): void {
		switch (event.type) {
			case "serve":
				this.#places.serve(event, turn.now.up);
				break;
			case "credit":
				this.#places.takes(event);
				break;
			case "leave":
				this.#places.leave(event);
				break;
			case "offline":
				this.#places.offline();
				this.#exchange.restart();
				break;
			case "deliver":
				this.#deliver(turn, event);
				break;
			case "ended":
				this.#ended(turn, event);
				break;
			case "unable":
				this.#unable(turn, event);
				break;
			case "lost":
				this.#lost(turn, event.domain, event);
				break;
			case "pull-now":
				this.#places.pullAgain(this.#places.get(event));
				break;
			case "answered":
				this.#answered(turn, event.request, event.result);
				break;
			case "unanswered":
				this.#unanswered(turn, event.request);
		}
	}

	#deliver(turn: Turn, event: DeliveryEvent): void {
		const { ask, n, token, session, number, serial, low } = event;
		const call = this.#calls.get(callKey(event));
		if (call?.head.n === n && token <= call.head.token) {
			this.#taken(turn, ask);
			return;
		}
		const place = this.#places.get(event);
		if (place?.credit === undefined) {
			this.#refuse(turn, ask, "conflict", `${event.instance} is not served here`);
		} else if (session !== this.#options.session || number !== place.number) {
			const isOld = session === this.#options.session && number < place.number;
			if (!isOld) this.#places.pullAgain(place);
			this.#refuse(turn, ask, "conflict", "this was delivered to another process, or before its last pull");
		} else {
			place.window.raise(low);
			const which = place.window.take(serial);
			if (which === "first") this.#take(turn, event, place, call);
			else if (which === "beyond") this.#refuse(turn, ask, "overloaded", "too much is on its way to this instance");
			else this.#answer(turn, ask, "conflict", "unknown", "a copy of a delivery that is over");
		}
	}

	/** A delivery that is good. What is refused here has been seen: a copy of it must not be taken. */
	#take(turn: Turn, event: DeliveryEvent, place: KnownPlace, call: HeldCall | undefined): void {
		const { desk, now, effects } = turn;
		const { ask, n, token, domain, service, instance, sender, id } = event;
		const state = call?.head.state;
		learnLease(place, event.leaseMs, now.up);
		if (call !== undefined && (state === "recorded" || this.#calls.isRunning(call))) {
			this.#calls.change(desk, call, { n, token, service, instance });
			if (state === "recorded") this.#tell(call);
			this.#taken(turn, ask);
		} else if (state === "aborting") {
			this.#refuse(turn, ask, "overloaded", "the run that has lost its lease has not ended yet");
		} else if (!this.#hasRoom(place)) {
			this.#refuse(turn, ask, "overloaded", "this instance has as many calls as it takes");
		} else {
			const run = ++this.#lastRun;
			const { session } = this.#options;
			if (call !== undefined) this.#exchange.delete(call.key);
			this.#calls.take(desk, {
				...{ domain, service, instance, sender, id, n, token },
				...{ state: "running", session, run, at: now.up },
			});
			this.#taken(turn, ask);
			const { ttlMs, attempt, delivery, origin, call: text } = event;
			effects.push({
				...{ type: "run", run, domain, service, instance, n, token },
				...{ ttlMs, attempt, sender, id, delivery, origin, call: text },
			});
		}
	}

	#ended({ desk, now }: Turn, { run, outcome, isUnkept }: EndedEvent): void {
		const call = this.#calls.ofRun(run);
		if (call === undefined) return;
		if (call.head.state === "aborting") {
			this.#calls.drop(desk, call);
			return;
		}
		if (isUnkept) this.#calls.recordUnkept(call, outcome, now.up);
		else this.#calls.record(desk, call, outcome, now.up);
		this.#tell(call);
	}

	#unable({ desk, now }: Turn, { run, retryAfterMs, afterMs }: UnableEvent): void {
		const call = this.#calls.ofRun(run);
		if (call === undefined) return;
		if (call.head.state === "aborting") this.#calls.drop(desk, call);
		else {
			this.#calls.change(desk, call, { state: "unrun", at: now.up, retryAfterMs });
			call.afterMs = afterMs;
			this.#tell(call);
		}
	}

	/** What is recorded is reported all the same: it counts as long as nobody else has got the call. */
	#lost({ desk, now, effects }: Turn, domain: string, lease: LeaseRef): void {
		const call = this.#calls.ofLease(domain, lease);
		if (call === undefined || !this.#calls.isRunning(call)) return;
		effects.push({ type: "abort", run: call.head.run });
		this.#calls.change(desk, call, { state: "aborting", at: now.up });
	}

	#answered(turn: Turn, request: number, result: LeaseResult): void {
		const key = this.#exchange.answered(request);
		if (key === undefined) return;
		const { up } = turn.now;
		const call = this.#calls.get(key);
		if (isRenewal(key)) this.#renewed(turn, key, result);
		else if (result.is === "pulling") this.#places.pulling(key, result.leaseMs, up);
		else if (call === undefined || !isVerdict(call, result)) {
			this.#exchange.retry(key, up, result.is === "refused" ? result.refusal.retryAfterMs : 0);
		} else this.#told(turn, call, result);
	}

	/** The domain knows what it was told of a call. */
	#told(turn: Turn, call: HeldCall, result: LeaseResult): void {
		const { desk, now } = turn;
		const isRecorded = call.head.state === "recorded";
		this.#exchange.delete(call.key);
		if (isRecorded && result.is === "recorded") this.#calls.finish(desk, call, now.up);
		else if (isRecorded) this.#drop(turn, call, "fenced");
		else this.#calls.drop(desk, call);
	}

	#renewed(turn: Turn, key: string, result: LeaseResult): void {
		const place = this.#places.endRenewal(key);
		if (result.is !== "renewed" || place === undefined) return;
		learnLease(place, result.leaseMs, turn.now.up);
		for (const lease of result.lost) this.#lost(turn, place.domain, lease);
		if (!result.isPulling) this.#places.pullAgain(place);
	}

	#unanswered({ now }: Turn, request: number): void {
		const key = this.#exchange.answered(request);
		if (key === undefined) return;
		if (isRenewal(key)) this.#places.endRenewal(key);
		else this.#exchange.retry(key, now.up);
	}

	/** Reports an outcome, or hands a call back, until the domain answers. */
	#tell({ key, head }: HeldCall): void {
		this.#exchange.delete(key);
		this.#exchange.put(key, head.domain, SMALL + (head.outcomeSize ?? 0));
	}

	#dropUnheard(turn: Turn): void {
		for (let count = 0; count < DROPPED_AT_ONCE; count++) {
			const call = this.#calls.unheard(turn.now.up);
			if (call === undefined) return;
			this.#exchange.delete(call.key);
			if (call.head.state === "recorded") this.#drop(turn, call, "unheard");
			else this.#calls.drop(turn.desk, call);
		}
	}

	#drop({ desk, effects }: Turn, call: HeldCall, why: DroppedEffect["why"]): void {
		const { domain, service, instance, n, token, sender, id } = call.head;
		effects.push({ type: "dropped", why, domain, service, instance, n, token, sender, id });
		this.#calls.drop(desk, call);
	}

	#ask(turn: Turn): void {
		for (const { key, request } of this.#exchange.take(turn.now.up, (domain) => this.#places.isReachable(domain))) {
			const call = this.#calls.get(key);
			const effect = call === undefined ? this.#places.ask(key, request) : this.#askCall(turn, call, request);
			if (effect !== undefined) turn.effects.push(effect);
		}
	}

	#askCall({ desk }: Turn, call: HeldCall, request: number): InboxEffect {
		const { domain, service, instance, n, token, state, retryAfterMs } = call.head;
		const lease = { request, domain, service, instance, n, token };
		if (state === "recorded") return { type: "settle", ...lease, outcome: this.#calls.outcome(desk, call) };
		const executed = state === "unrun" ? "no" : "unknown";
		return { type: "release", ...lease, executed, retryAfterMs, afterMs: call.afterMs };
	}

	/**
	 * Only what has a handler counts: of the others the domain may know already that they are over, and what it gives instead can
	 * come before its answer does.
	 */
	#hasRoom(place: KnownPlace): boolean {
		let handled = 0;
		for (const held of this.#calls.of(place)) {
			if (held.head.state === "aborting" || this.#calls.isRunning(held)) handled++;
		}
		return handled < (place.credit ?? 0) && this.#calls.hasRoom();
	}

	/** What it has, in the eyes of the domain: not what has died with its process, and not what has lost its lease. */
	#leasedTo(place: Place): LeaseRef[] {
		return [...this.#calls.of(place)]
			.filter((call) => this.#calls.isRunning(call) || call.head.state === "recorded" || call.head.state === "unrun")
			.map(({ head: { n, token } }) => ({ n, token }));
	}

	#taken(turn: Turn, ask: number): void {
		turn.effects.push({ type: "answer", ask, result: { is: "taken" } });
	}

	#refuse(turn: Turn, ask: number, code: "conflict" | "overloaded", message: string): void {
		this.#answer(turn, ask, code, "no", message);
	}

	#answer(turn: Turn, ask: number, code: BusErrorCode, executed: Refusal["executed"], message: string): void {
		const refusal = { code, message, executed, retryAfterMs: code === "overloaded" ? FULL_MS : undefined };
		turn.effects.push({ type: "answer", ask, result: { is: "refused", refusal } });
	}
}

/** Whether that is the domain's last word about a call. */
function isVerdict({ head }: HeldCall, result: LeaseResult): boolean {
	if (result.is === "refused") return result.refusal.code === "conflict";
	return result.is === (head.state === "recorded" ? "recorded" : "released");
}
