import { legible, MAX_ATTEMPTS, MAX_TTL_MS, strayIn } from "@antiphon/protocol";

/** How often, and when, a durable call that has failed is tried again. Times in milliseconds. */
export interface Retry {
	/** Runs in all: 1 to 100. */
	readonly attempts: number;
	/** Before the second run; doubled before each further one, up to `maxBackoffMs`, and each anything between 0 and that. */
	readonly backoffMs: number;
	readonly maxBackoffMs: number;
	/** How long one run may take. */
	readonly attemptTimeoutMs: number;
	/** Names of declared faults after which it is tried again: all others are final. */
	readonly faults: readonly string[];
}

/** What of it a contract states; the rest is {@link DEFAULT_RETRY}. */
export type RetrySpec<FaultName extends string = string> = {
	readonly [Name in Exclude<keyof Retry, "faults">]?: Retry[Name] | undefined;
} & { readonly faults?: readonly FaultName[] | undefined };

/** Of a contract that states nothing: eight runs of up to a minute, in a few minutes, and every declared fault is final. */
export const DEFAULT_RETRY: Retry = Object.freeze({
	attempts: 8,
	backoffMs: 1_000,
	maxBackoffMs: 300_000,
	attemptTimeoutMs: 60_000,
	faults: Object.freeze([]),
});

const SHOWN_CHARS = 100;

/** With the defaults for what is not stated, and faults in their order. Checks nothing: {@link whatIsWrongWith} does. */
export function completed(spec: RetrySpec): Retry {
	if (typeof spec !== "object" || spec === null) return spec;
	const stated = Object.fromEntries(Object.entries(spec).filter(([, value]) => value !== undefined));
	const { maxBackoffMs, ...others } = DEFAULT_RETRY;
	const retry = { ...others, maxBackoffMs: Math.max(maxBackoffMs, spec.backoffMs ?? 0), ...stated } as Retry;
	return { ...retry, faults: Array.isArray(retry.faults) ? [...retry.faults].sort() : retry.faults };
}

/** The five settings in their order, and nothing else that a description may have. */
export function essenceOf({ attempts, backoffMs, maxBackoffMs, attemptTimeoutMs, faults }: Retry): Retry {
	return { attempts, backoffMs, maxBackoffMs, attemptTimeoutMs, faults: [...faults].sort() };
}

/** @param declared names of the faults of the function. @returns what is wrong with it, and what to write */
export function whatIsWrongWith(retry: unknown, delivery: unknown, declared: readonly string[]): string | undefined {
	if (delivery === "at-most-once") {
		return 'retry is for durable functions: state delivery "at-least-once" or "effectively-once", or leave retry out';
	}
	if (typeof retry !== "object" || retry === null) return "retry must be an object";
	const { faults, ...numbers } = retry as { readonly [Name in keyof Retry]?: unknown };
	for (const name of ["attempts", "backoffMs", "maxBackoffMs", "attemptTimeoutMs"] as const) {
		const [value, max] = [numbers[name], name === "attempts" ? MAX_ATTEMPTS : MAX_TTL_MS];
		if (!Number.isInteger(value) || (value as number) < 1 || (value as number) > max) {
			return `retry.${name} must be a whole number from 1 to ${max}`;
		}
	}
	if ((numbers.maxBackoffMs as number) < (numbers.backoffMs as number)) {
		return "retry.maxBackoffMs must be at least backoffMs";
	}
	if (!Array.isArray(faults)) return "retry.faults must be a list of names of declared faults";
	const left = new Set<unknown>(declared);
	const odd = faults.findIndex((name) => !left.delete(name));
	if (odd === -1) return undefined;
	const shown = legible(String(JSON.stringify(faults[odd])), SHOWN_CHARS);
	return `retry.faults must name faults that the function declares, each once, and has ${shown}`;
}

/** What is in it that is no setting: a slip of the pen would else change nothing. */
export function strayInRetry(retry: Retry): string | undefined {
	return strayIn(retry, Object.keys(DEFAULT_RETRY), "retry");
}
