import type {
	KeptCall,
	OutcomeText,
	QueueEffect,
	QueueEvent,
	QueueResult,
	RetryPolicy,
	SettleEvent,
} from "@antiphon/delivery";
import type { CallName, History } from "../history.js";
import { bareOf } from "../network.js";
import { CreditWatch } from "./credit-watch.js";

/** What a queue that starts from the disk says, of this moment. */
type Shadow = (events: readonly QueueEvent[]) => Map<number, QueueResult>;

/** The disk of the queue at this moment. */
interface OnDisk {
	/** Asks it, if it is to be asked. */
	readonly shadow: Shadow | undefined;
	/** The call of a number. */
	readonly look: (n: number) => KeptCall | undefined;
}

/** Whether the disk bears something out, by what it has answered. */
type Judge = (result: (number: number) => QueueResult | undefined) => boolean;

const FINAL: ReadonlySet<string> = new Set(["invalid-argument", "forbidden", "too-large"]);

/** Tells the history what the queue has been asked and what it has let go, with what is on its disk at that moment. */
export class Witness {
	readonly #history: History;
	/** What is asked and not answered. */
	readonly #asked = new Map<number, QueueEvent>();
	/** Of each call that has been submitted. */
	readonly #policies = new Map<CallName, RetryPolicy>();
	/** Which call a number is. */
	readonly #names = new Map<number, CallName>();

	readonly #numbers = new Map<CallName, number>();
	/** The calls that dead letters have become. */
	readonly #redriven = new Set<CallName>();
	readonly #credit: CreditWatch;

	/** @param now of the world, in milliseconds */
	constructor(history: History, now: () => number) {
		this.#history = history;
		this.#credit = new CreditWatch(now);
	}

	asked(ask: number, event: QueueEvent): void {
		this.#asked.set(ask, event);
		if (event.type === "submit") {
			const name = `${event.sender} ${event.submission.id}`;
			if (!this.#policies.has(name)) this.#policies.set(name, event.submission.retry);
		}
	}

	/** The process that has been asked is over. */
	forget(): void {
		this.#asked.clear();
	}

	/** A delivery has come back. */
	undelivered(n: number): void {
		this.#credit.over(n);
	}

	released(effects: readonly QueueEffect[], disk: OnDisk): void {
		const isThere = disk.shadow === undefined ? undefined : this.#questions(effects, disk.shadow);
		// What has ended in a step has made room for what is delivered in it, in whatever order they are told.
		for (const effect of effects) this.#endedBy(effect);
		for (const [i, effect] of effects.entries()) this.#released(effect, isThere?.[i], disk);
	}

	#released(effect: QueueEffect, isThere: boolean | undefined, disk: OnDisk): void {
		const history = this.#history;
		this.#wrong(11, this.#credit.released(effect));
		if (effect.type === "deliver") {
			const { n, token, to, instance } = effect;
			const call = `${effect.sender} ${effect.id}`;
			const letter = letterOf(call);
			// The domain may have died before it could say that it had redriven it.
			if (letter !== undefined) this.#became(letter, call, undefined);
			this.#names.set(n, call);
			this.#numbers.set(call, n);
			history.add({ type: "delivered", call, n, token, to, instance, isThere });
		} else if (effect.type === "outcome") {
			const call = `${bareOf(effect.to)} ${effect.id}`;
			history.add({ type: "outcome", call, outcome: effect.outcome, by: "pushed", where: effect.to });
		} else if (effect.type === "answer") {
			const event = this.#asked.get(effect.ask);
			this.#asked.delete(effect.ask);
			if (event !== undefined) this.#answered(event, effect.result, isThere, disk);
		}
	}

	#answered(event: QueueEvent, result: QueueResult, isThere: boolean | undefined, { look }: OnDisk): void {
		const history = this.#history;
		this.#wrong(11, this.#credit.answered(event, result));
		switch (event.type) {
			case "submit": {
				const call = `${event.sender} ${event.submission.id}`;
				if (result.is === "accepted" || result.is === "known") {
					history.add({ type: "accepted", call, isKnown: result.is === "known", isThere });
				} else if (result.is === "refused") {
					const { code, executed } = result.refusal;
					history.add({ type: "refused", call, code, executed });
				}
				break;
			}
			case "await":
			case "cancel": {
				const call = `${event.sender} ${event.id}`;
				if (isThere === false) this.#wrong(13, `the disk does not bear out ${JSON.stringify(result)}`, call);
				if (result.is === "settled") {
					history.add({ type: "outcome", call, outcome: result.outcome, by: "asked", where: event.type });
				}
				break;
			}
			case "settle": {
				const { from, n, token, outcome } = event;
				const isFenced = result.is === "refused" && result.refusal.code === "conflict";
				if (result.is === "recorded" || isFenced) {
					const final = this.#isFinal(event);
					history.add({ type: "recorded", from, n, token, text: outcome.text, isFenced, isFinal: final, isThere });
				}
				break;
			}
			case "renew":
				if (result.is !== "renewed") break;
				for (const { n, token } of event.items) {
					if (result.lost.some((lost) => lost.n === n && lost.token === token)) continue;
					history.add({ type: "renewed", n, token, leaseMs: result.leaseMs });
				}
				break;
			case "redrive": {
				const letter = look(event.n);
				if (result.is !== "redriven" || letter === undefined) break;
				const isTold = letter.redriven?.n === result.n && look(result.n)?.redriveOf?.n === event.n;
				this.#became(nameOf(letter), `${letter.sender} ${result.id}`, isTold);
				break;
			}
			case "purge": {
				const letter = look(event.n);
				if (result.is !== "purged" || letter === undefined) break;
				history.add({ type: "purged", call: nameOf(letter), isThere: !letter.isDead });
				break;
			}
			default:
		}
	}

	/** A dead letter is another call now, which is accepted with that. */
	#became(letter: CallName, call: CallName, isThere: boolean | undefined): void {
		if (this.#redriven.has(call)) return;
		this.#redriven.add(call);
		const policy = this.#policies.get(letter);
		if (policy !== undefined) this.#policies.set(call, policy);
		this.#history.add({ type: "redriven", call: letter, as: call, isThere });
		this.#history.add({ type: "accepted", call, isKnown: false, isThere });
	}

	#endedBy(effect: QueueEffect): void {
		if (effect.type === "lost") this.#credit.over(effect.n);
		else if (effect.type === "outcome") this.#isOver(`${bareOf(effect.to)} ${effect.id}`);
		else if (effect.type === "answer") {
			const event = this.#asked.get(effect.ask);
			if (event?.type === "settle" || event?.type === "release") this.#credit.over(event.n);
			else if (event?.type === "cancel") this.#isOver(`${event.sender} ${event.id}`);
		}
	}

	#isOver(call: CallName): void {
		const n = this.#numbers.get(call);
		if (n !== undefined) this.#credit.over(n);
	}

	#wrong(rule: number, what: string | undefined, call?: CallName): void {
		if (what !== undefined) this.#history.add({ type: "wrong", rule, what, call });
	}

	/** For each effect whether the disk bears it out, where that can be asked. */
	#questions(effects: readonly QueueEffect[], shadow: Shadow): (boolean | undefined)[] {
		const questions: QueueEvent[] = [];
		const ask = (event: (ask: number) => QueueEvent) => questions.push(event(questions.length)) - 1;
		const judges = effects.map((effect) => this.#judgeOf(effect, ask));
		if (questions.length === 0) return [];
		const results = shadow(questions);
		return judges.map((judge) => judge?.((number) => results.get(number)));
	}

	/** @param ask puts a question to the disk, and gives its number */
	#judgeOf(effect: QueueEffect, ask: (event: (ask: number) => QueueEvent) => number): Judge | undefined {
		if (effect.type === "deliver") {
			const { n, token, to, sender, id } = effect;
			const state = ask((ask) => ({ type: "await", ask, sender, id }));
			// Whether a report with this token would be taken: the shadow is thrown away.
			const outcome: OutcomeText = { text: "a shadow's", code: undefined, executed: "yes" };
			const report = ask((ask) => ({ type: "settle", ask, from: bareOf(to), n, token, outcome }));
			// It may have been cancelled in the same breath.
			return (result) => result(state)?.is === "settled" || result(report)?.is === "recorded";
		}
		if (effect.type !== "answer") return undefined;
		const event = this.#asked.get(effect.ask);
		const { is } = effect.result;
		if (event?.type === "await" && (is === "state" || is === "settled")) {
			const { sender, id } = event;
			const state = ask((ask) => ({ type: "await", ask, sender, id }));
			// It may have become due or expired since; it has not been forgotten, and not another outcome.
			return (result) => result(state)?.is === is || (is === "state" && result(state)?.is === "settled");
		}
		if (event?.type === "submit" && (is === "accepted" || is === "known")) {
			const { sender, submission } = event;
			const state = ask((ask) => ({ type: "await", ask, sender, id: submission.id }));
			return (result) => result(state)?.is !== "refused";
		}
		const call = event?.type === "settle" ? this.#names.get(event.n) : undefined;
		if (event?.type === "settle" && is === "recorded" && call !== undefined && this.#isFinal(event)) {
			const [sender, id] = call.split(" ") as [string, string];
			const state = ask((ask) => ({ type: "await", ask, sender, id }));
			return (result) => {
				const said = result(state);
				return said?.is === "settled" && said.outcome.text === event.outcome.text;
			};
		}
		return undefined;
	}

	/** Whether no run may follow one that has ended like this. */
	#isFinal({ n, outcome: { code, name } }: SettleEvent): boolean {
		const call = this.#names.get(n);
		const policy = call === undefined ? undefined : this.#policies.get(call);
		if (code === "fault") return name === undefined || policy?.faults.includes(name) !== true;
		return code === undefined || FINAL.has(code);
	}
}

const nameOf = ({ sender, id }: KeptCall): CallName => `${sender} ${id}`;

/** What a call was made of, by its name: applications name no calls like that. */
function letterOf(call: CallName): CallName | undefined {
	const [, first, number] = /^(.* .*)-r(\d+)$/.exec(call) ?? [];
	if (first === undefined) return undefined;
	return number === "1" ? first : `${first}-r${Number(number) - 1}`;
}
