/**
 * Time as a journal counts it, in milliseconds. While it is open both kinds run with a clock that only goes forward; a wall
 * clock that jumps changes neither.
 */
export interface JournalTime {
	/** For how long the journal has been open, in all its life: for leases, back-off and retention. */
	readonly up: number;
	/** That, and the time in between as far as the wall clock has told it: for `notBefore` and expiry. Never goes back. */
	readonly calendar: number;
}
