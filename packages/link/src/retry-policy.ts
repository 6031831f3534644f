import { type BackoffSettings, backoffMs } from "./backoff.js";
import type { LinkFailure } from "./failure.js";

export interface RetrySettings {
	/** A session that lasted this long, in milliseconds, has proved that all is well. */
	readonly stableMs: number;
	readonly backoff: BackoffSettings;
}

/** The longest wait after a session, in milliseconds, however short it and those before it were. */
const MAX_AFTER_SESSION_MS = 3000;
/** So many refusals in a row are believed, by a link that was online before. */
const MAX_REFUSALS = 5;

/**
 * Whether there is another attempt after a failure, and when.
 *
 * | failure               | before the first session | ends a session        | refuses an attempt after a session         |
 * | --------------------- | ------------------------ | --------------------- | ------------------------------------------ |
 * | not final             | back-off                 | back-off of sessions  | back-off                                   |
 * | final, not authentic  | the end                  | back-off of sessions  | back-off                                   |
 * | final, authentic      | the end                  | the end               | longest back-off; the fifth in a row ends  |
 * | conflict, of any wire | the end                  | the end               | back-off                                   |
 *
 * The first time, one clear error is what helps: it is most often a mistake in the options. Once the link was online, the
 * options have been right. Then whoever can write to the wire must not be able to end the link with a word before TLS or
 * a certificate of his own: nothing is told to him, and the link comes back when he is gone. A server that has shown who it
 * is and refuses what it took before may have been started a moment ago, without its accounts; if it keeps to it, the
 * password has been changed. Five attempts, a minute or so in all, are below what locks an account.
 *
 * A conflict that ends a session is another process, and going on would be a fight. One that refuses an attempt after a
 * session may well be that session, which the server still believes in. Asking again disturbs nobody.
 *
 * The two back-offs: that of attempts that failed goes up to `backoff.maxMs`, and starts over with each session. That of
 * sessions goes up to 3 s, and starts over with one that lasted `stableMs`: whoever can cut each session short
 * gets no longer outage out of it than that, and a server that ends each session is not stormed.
 */
export class RetryPolicy {
	readonly #settings: RetrySettings;
	readonly #random: () => number;
	#wasOnline = false;
	#failedAttempts = 0;
	#lostSessions = 0;
	#refusals = 0;

	constructor(settings: RetrySettings, random: () => number) {
		this.#settings = settings;
		this.#random = random;
	}

	/** Failures in a row. */
	get failures(): number {
		return this.#failedAttempts + this.#lostSessions;
	}

	/** An attempt has led to a session. */
	online(): void {
		this.#wasOnline = true;
		this.#failedAttempts = 0;
		this.#refusals = 0;
	}

	/**
	 * @param onlineMs how long the session lasted that has ended, or `undefined` for an attempt that has failed
	 * @returns milliseconds until the next attempt, or `undefined` when there is none
	 */
	failed(failure: LinkFailure, onlineMs: number | undefined): number | undefined {
		return onlineMs === undefined ? this.#attemptFailed(failure) : this.#sessionEnded(failure, onlineMs);
	}

	#sessionEnded(failure: LinkFailure, onlineMs: number): number | undefined {
		if (failure.final && (failure.authentic || isConflict(failure))) return undefined;
		const { stableMs, backoff } = this.#settings;
		this.#lostSessions = onlineMs >= stableMs ? 1 : this.#lostSessions + 1;
		const maxMs = Math.min(backoff.maxMs, MAX_AFTER_SESSION_MS);
		return backoffMs(this.#lostSessions, { ...backoff, maxMs }, this.#random);
	}

	#attemptFailed(failure: LinkFailure): number | undefined {
		if (failure.final && !this.#wasOnline) return undefined;
		this.#failedAttempts += 1;
		const refused = failure.final && failure.authentic && !isConflict(failure);
		this.#refusals = refused ? this.#refusals + 1 : 0;
		if (this.#refusals >= MAX_REFUSALS) return undefined;
		return backoffMs(refused ? Number.POSITIVE_INFINITY : this.#failedAttempts, this.#settings.backoff, this.#random);
	}
}

function isConflict(failure: LinkFailure): boolean {
	return failure.error.code === "conflict";
}
