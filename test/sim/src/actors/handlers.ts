import type { EndedEvent, OutcomeText, RunEffect, UnableEvent } from "@antiphon/delivery";
import type { CallName, History } from "../history.js";
import type { Process } from "../machine.js";
import type { Options } from "../options.js";
import type { Random } from "../random.js";

export interface HandlersParts {
	readonly options: Options;
	readonly random: Random;
	readonly history: History;
	readonly process: Process;
	readonly provider: string;
	/** The number of the next run in all of the world. */
	nextRun(): number;
	ended(event: EndedEvent | UnableEvent): void;
	/** Ends the process. */
	crash(): void;
}

/** A run that has no outcome yet. */
interface Run {
	/** Of this run in all of the world. */
	readonly run: number;
	readonly call: CallName;
	/** Whether it stops when it is told to. */
	readonly heeds: boolean;
	isAborted: boolean;
	readonly end: (outcome: OutcomeText) => void;
}

/** How many runs may not be started though the inbox wants them to: another use of the places of the node. */
const UNABLE = 0.01;

/** The handlers of one process. What they do is by chance; what fails does so whoever runs it, or for this run only. */
export class Handlers {
	readonly #parts: HandlersParts;
	readonly #runs = new Map<number, Run>();

	constructor(parts: HandlersParts) {
		this.#parts = parts;
	}

	run({ run: place, n, token, sender, id, origin = id, delivery, call: { text }, ttlMs }: RunEffect): void {
		const { history, process, provider, options, random } = this.#parts;
		const call = `${sender} ${id}`;
		const run = this.#parts.nextRun();
		const chance = random.stream(`run ${run}`);
		if (chance.chance(UNABLE)) {
			const ms = chance.between(1, 1_000);
			this.#parts.ended({ type: "unable", run: place, ...(run % 2 ? { retryAfterMs: ms } : { afterMs: ms }) });
			return;
		}
		const callId = `${sender} ${origin}`;
		const started = { call, run, provider, process: process.number, n, token, callId, text, delivery };
		history.add({ type: "started", ...started });
		const forget = process.clock.after(ttlMs, () => {
			end({ text: `<fault run='${run}' code='deadline-exceeded'/>`, code: "deadline-exceeded", executed: "unknown" });
		});
		const end = (outcome: OutcomeText) => {
			if (!this.#runs.delete(place)) return;
			forget();
			history.add(current.isAborted ? { type: "aborted", call, run } : { type: "ended", call, run, outcome });
			this.#parts.ended({ type: "ended", run: place, outcome });
		};
		const current: Run = { run, call, heeds: chance.chance(0.8), isAborted: false, end };
		this.#runs.set(place, current);
		const takesMs = chance.chance(options.slowRuns) ? chance.spread(1_000, 60_000) : chance.spread(1, 200);
		const byCall = random.stream(`call ${call}`);
		if (byCall.chance(options.poisonRuns)) process.clock.after(takesMs, () => this.#parts.crash());
		else if (!chance.chance(options.stuckRuns)) {
			const outcome = this.#outcome(run, byCall, chance);
			process.clock.after(takesMs, () => {
				if (this.#runs.get(place) !== current) return;
				history.add({ type: "effect", call, run });
				end(outcome);
			});
		}
	}

	abort(place: number): void {
		const run = this.#runs.get(place);
		if (run === undefined) return;
		run.isAborted = true;
		if (!run.heeds) return;
		const outcome: OutcomeText = {
			text: `<fault run='${run.run}' code='cancelled'/>`,
			code: "cancelled",
			executed: "unknown",
		};
		this.#parts.process.clock.after(this.#parts.random.spread(1, 100), () => run.end(outcome));
	}

	#outcome(run: number, byCall: Random, chance: Random): OutcomeText {
		const { options } = this.#parts;
		const fault = (code: "fault" | "internal", name?: string): OutcomeText => ({
			text: `<fault run='${run}' code='${code}' name='${name}'/>`,
			code,
			name,
			executed: "yes",
		});
		if (byCall.chance(options.faultyRuns)) return fault("fault", "no-such-word");
		if (chance.chance(options.retryableRuns)) return chance.chance(0.5) ? fault("fault", "busy") : fault("internal");
		return { text: `<reply run='${run}'/>`, code: undefined, executed: "yes" };
	}
}
