import type { BusErrorCode } from "antiphon";

/** What the command's exit status says. Part of the interface: scripts rely on it. */
export const EXIT_STATUS = {
	ok: 0,
	failed: 1,
	usage: 2,
	fault: 3,
	badInput: 4,
	nobodyThere: 5,
	timeout: 6,
	linkLost: 7,
	refused: 8,
	overloaded: 9,
	unfinished: 10,
} as const;

const BY_CODE: Readonly<Record<BusErrorCode, number>> = {
	fault: EXIT_STATUS.fault,
	"invalid-argument": EXIT_STATUS.badInput,
	"too-large": EXIT_STATUS.badInput,
	unavailable: EXIT_STATUS.nobodyThere,
	"not-found": EXIT_STATUS.nobodyThere,
	unimplemented: EXIT_STATUS.nobodyThere,
	"deadline-exceeded": EXIT_STATUS.timeout,
	"link-lost": EXIT_STATUS.linkLost,
	forbidden: EXIT_STATUS.refused,
	unauthenticated: EXIT_STATUS.refused,
	overloaded: EXIT_STATUS.overloaded,
	conflict: EXIT_STATUS.failed,
	internal: EXIT_STATUS.failed,
	cancelled: EXIT_STATUS.failed,
	protocol: EXIT_STATUS.failed,
};

export function exitStatusOf(code: BusErrorCode): number {
	return BY_CODE[code];
}

/** Shown by `--help`. */
export const EXIT_STATUS_HELP = `
Exit status:
  0  done: for a call, a reply came back
  1  failed: an internal error at the other end, or an answer that makes no sense
  2  the command line is wrong
  3  the call ended in a fault that its contract declares
  4  bad input
  5  nobody there: no such address, service or function, or it is not available
  6  connected, and no answer in time
  7  no link: the XMPP server cannot be reached in time, or was lost during the call
  8  refused: wrong credentials, or not allowed
  9  overloaded: try again later
 10  drain --wait: it drains, and has not left in time`;
