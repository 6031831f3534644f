import {
	addDurations,
	type CallNumbers,
	durationAt,
	type FunctionReport,
	type InstanceName,
	type LastError,
	MAX_STATISTICS_LINES,
	type SilentInstance,
	type Statistics,
	type TimedNumbers,
} from "@antiphon/protocol";

/** Adds up what instances report: by function, with what each of them has told, and all in all. */
export class StatisticsSum {
	readonly #functions = new Map<string, { readonly sum: Sum; readonly instances: Map<string, TimedNumbers> }>();
	readonly #all = new Sum();
	readonly #silent: SilentInstance[] = [];
	#lines = 0;

	/** Whether it is more than one answer holds. What comes after that is not kept. */
	get isTooMuch(): boolean {
		return this.#lines > MAX_STATISTICS_LINES;
	}

	add({ service, instance }: InstanceName, reports: readonly FunctionReport[]): void {
		for (const report of reports) {
			if (this.isTooMuch) return;
			const name = `${service}.${report.fn}`;
			let known = this.#functions.get(name);
			if (known === undefined) {
				known = { sum: new Sum(), instances: new Map() };
				this.#functions.set(name, known);
				this.#lines++;
			}
			this.#lines++;
			known.instances.set(instance, new Sum().add(report).numbers());
			known.sum.add(report);
			this.#all.add(report);
		}
	}

	addSilent(silent: SilentInstance): void {
		if (this.isTooMuch) return;
		this.#silent.push(silent);
		this.#lines++;
	}

	/** In the order of names. */
	result(): Statistics {
		const functions = [...this.#functions].sort(byFirst).map(([name, { sum, instances }]) => ({
			name,
			...sum.numbers(),
			instances: [...instances].sort(byFirst).map(([instance, numbers]) => ({ instance, ...numbers })),
		}));
		return { ...this.#all.numbers(), functions, silent: this.#silent };
	}
}

class Sum {
	#calls = 0;
	#errors = 0;
	#running = 0;
	#lastError: LastError | undefined;
	readonly #durations: number[] = [];

	add({ calls, errors, running, lastError, durations }: FunctionReport): this {
		this.#calls += calls;
		this.#errors += errors;
		this.#running += running;
		this.#lastError = later(this.#lastError, lastError);
		addDurations(this.#durations, durations);
		return this;
	}

	numbers(): TimedNumbers {
		const counts: CallNumbers = {
			calls: this.#calls,
			errors: this.#errors,
			running: this.#running,
			lastError: this.#lastError,
		};
		return { ...counts, p50Ms: durationAt(0.5, this.#durations), p95Ms: durationAt(0.95, this.#durations) };
	}
}

function later(a: LastError | undefined, b: LastError | undefined): LastError | undefined {
	if (a === undefined || b === undefined) return a ?? b;
	return a.agoMs <= b.agoMs ? a : b;
}

const byFirst = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]) => (a < b ? -1 : a > b ? 1 : 0);
