import type { FunctionKind } from "@antiphon/contract";
import { BusError } from "@antiphon/protocol";
import type { Ending } from "./balancer.js";
import type { Hop, Route } from "./route.js";

/** Places at which one call is tried, at most. */
const MAX_ATTEMPTS = 4;
/**
 * How long an instance that has gone may still answer, in milliseconds: its session may have been replaced, or its answer
 * be on the way. Then it is asked whether it still has the call, and again as long as it says so.
 */
const GRACE_MS = 2_000;
const ASK_AGAIN_MS = 5_000;

export interface Errand<Answer> {
	readonly route: Route;
	/** The function's own name. */
	readonly fn: string;
	readonly kind: FunctionKind;
	/** What is left of the deadline, in milliseconds. */
	remainingMs(): number;
	/** One attempt. Settles by the deadline, or when it is given up. @throws BusError */
	ask(hop: Hop, giveUpOn: GiveUpOn): Promise<Answer>;
	/** Whether the instance still has the call that was sent there with this id. Never rejects. */
	isRunning(hop: Hop, id: string): Promise<boolean>;
}

/** Is given what ends an attempt with this error, and the id with which it was sent. @returns what takes that back */
export type GiveUpOn = (giveUp: (reason: BusError) => void, id: string) => () => void;

/** An attempt that waits for its answer. */
interface Sent {
	readonly id: string;
	readonly giveUp: (reason: BusError) => void;
}

/**
 * Makes a call at one instance and, when that does not do, at others while the deadline lasts.
 *
 * | what happened there                          | `get`                           | `set`             |
 * | -------------------------------------------- | ------------------------------- | ----------------- |
 * | it cannot have run: gone, draining, full     | elsewhere                       | elsewhere         |
 * | it was closed while it ran                   | elsewhere                       | that is the outcome |
 * | the domain says that the instance has gone   | also elsewhere, now or as soon as there is another; first answer | waits |
 * | that, and then nothing for two seconds, nor does it say that it still has the call | that is the outcome, unless asked elsewhere | that is the outcome |
 * | nothing, for half of the deadline            | also elsewhere, within a budget | waits             |
 * | any other error, a fault, a reply            | that is the outcome             | that is the outcome |
 */
export function attempt<Answer>(errand: Errand<Answer>, first: Hop): Promise<Answer> {
	return new Promise((resolve, reject) => {
		new Attempts(errand, resolve, reject).launch(first);
	});
}

class Attempts<Answer> {
	readonly #errand: Errand<Answer>;
	readonly #resolve: (answer: Answer) => void;
	readonly #reject: (error: BusError) => void;
	readonly #tried = new Set<string>();
	readonly #letGo: (() => void)[] = [];
	#attempts = 0;
	/** Attempts under way, and the search for a place for another. */
	#open = 0;
	/** Instances that have gone and for which no other has been found. */
	#wanted = 0;
	/** Counts the times when that could have changed. */
	#changes = 0;
	#unlisten: (() => void) | undefined;
	#over = false;
	#error: BusError | undefined;

	constructor(errand: Errand<Answer>, resolve: (answer: Answer) => void, reject: (error: BusError) => void) {
		this.#errand = errand;
		this.#resolve = resolve;
		this.#reject = reject;
		if (errand.kind === "get" && errand.route.canHedge()) {
			const timer = setTimeout(() => errand.route.spendHedge() && this.#another(), errand.remainingMs() / 2);
			this.#letGo.push(() => clearTimeout(timer));
		}
	}

	launch(hop: Hop): void {
		this.#attempts++;
		this.#tried.add(hop.key);
		this.#open++;
		const end = hop.begin();
		let sent: Sent | undefined;
		let hasGone = false;
		const unwatch = hop.onGone(() => {
			unwatch();
			hasGone = true;
			this.#lose(hop, () => sent);
		});
		this.#letGo.push(unwatch);
		const giveUpOn: GiveUpOn = (giveUp, id) => {
			sent = { id, giveUp };
			return () => {
				sent = undefined;
			};
		};
		this.#errand.ask(hop, giveUpOn).then(
			(answer) => {
				end("answered");
				if (this.#finish()) this.#resolve(answer);
			},
			(thrown) => {
				unwatch();
				const error = BusError.from(thrown);
				end(endingOf(error));
				this.#failed(hop.isNamed ? atInstance(error) : error, hasGone);
			},
		);
	}

	/** The instance has gone while its answer is waited for: soon it is not, and a get goes elsewhere meanwhile. */
	#lose(hop: Hop, sent: () => Sent | undefined): void {
		const message = `${hop.to} has gone, and the call that was in flight there was not answered`;
		const reason = new BusError("unavailable", message, { executed: "unknown" });
		const look = async () => {
			const { id } = sent() ?? {};
			const isRunning = id !== undefined && (await this.#errand.isRunning(hop, id));
			if (isRunning && !this.#over) timer = setTimeout(look, ASK_AGAIN_MS);
			else sent()?.giveUp(reason);
		};
		let timer = setTimeout(look, GRACE_MS);
		this.#letGo.push(() => {
			clearTimeout(timer);
			sent()?.giveUp(reason);
		});
		if (this.#errand.kind !== "get") return;
		const onChange = () => {
			this.#changes++;
			this.#replace();
		};
		this.#unlisten ??= this.#errand.route.onChange(onChange);
		this.#wanted++;
		this.#replace();
	}

	/** Looks for another instead of one that has gone. What is not found now may be there after the next change. */
	#replace(): void {
		if (this.#wanted === 0) return;
		this.#wanted--;
		const seen = this.#changes;
		this.#another(() => {
			this.#wanted++;
			if (seen !== this.#changes) this.#replace();
		});
	}

	/** @param hasGone whether the instance had gone: for a get another one is looked for already */
	#failed(error: BusError, hasGone: boolean): void {
		this.#open--;
		if (this.#over) return;
		this.#error = worse(this.#error, error);
		const { kind } = this.#errand;
		if (!isElsewhere(error, kind)) {
			if (this.#finish()) this.#reject(error);
		} else if (hasGone && kind === "get") this.#endIfIdle();
		else this.#another();
	}

	/** Goes to another instance, if there is one; when nothing is left to wait for, the call has failed. */
	#another(onNone: () => void = () => {}): void {
		if (this.#over) return;
		this.#open++;
		void this.#elsewhere().then((hop) => {
			this.#open--;
			if (this.#over) return;
			// Two that looked at once may have found the same.
			if (hop !== undefined && !this.#tried.has(hop.key)) return this.launch(hop);
			onNone();
			this.#endIfIdle();
		});
	}

	#endIfIdle(): void {
		if (this.#open === 0 && this.#error !== undefined && this.#finish()) this.#reject(this.#error);
	}

	async #elsewhere(): Promise<Hop | undefined> {
		const { route, fn, remainingMs } = this.#errand;
		if (this.#attempts >= MAX_ATTEMPTS || !(remainingMs() > 0)) return undefined;
		try {
			return await route.next(fn, this.#tried);
		} catch {
			// What the first attempt met with says more.
			return undefined;
		}
	}

	/** @returns whether it was open until now */
	#finish(): boolean {
		if (this.#over) return false;
		this.#over = true;
		this.#unlisten?.();
		for (const letGo of this.#letGo.splice(0)) letGo();
		return true;
	}
}

/** The name is known to the domain: where the instance does not know it, nobody serves it there any more. */
function atInstance(error: BusError): BusError {
	if (error.code !== "not-found" || error.executed !== "no") return error;
	return new BusError("unavailable", error.message, { executed: "no", cause: error });
}

/** Another instance may be better off, and the handler cannot have run at this one, or may run twice. */
function isElsewhere({ code, executed }: BusError, kind: FunctionKind): boolean {
	if (executed !== "no" && kind === "set") return false;
	return code === "unavailable" || (executed === "no" && (code === "overloaded" || code === "not-found"));
}

/** Whether the instance itself has answered. What the caller broke off says nothing about it. */
function endingOf({ code }: BusError): Ending {
	if (code === "cancelled" || code === "link-lost") return "broken-off";
	return code === "unavailable" || code === "overloaded" || code === "not-found" || code === "deadline-exceeded"
		? "silent"
		: "answered";
}

/** Of two errors the one that leaves more open: a call that may have run is not one that has not. */
function worse(one: BusError | undefined, other: BusError): BusError {
	return one === undefined || one.executed === "no" ? other : one;
}
