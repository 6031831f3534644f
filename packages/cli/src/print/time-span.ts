import { age } from "./age.js";

/** A time span that may be short: `41 ms`, `0.4 s`, `12 s`, `3 h`. */
export function timeSpan(ms: number): string {
	return ms < 100 ? `${Math.round(ms)} ms` : age(ms);
}
