import { closeSync, constants, openSync } from "node:fs";
import { isatty } from "node:tty";

/**
 * What SIGHUP means to a process that runs for long: that it is to read its configuration again, or that the terminal at
 * which it was started has gone. Resolves in the second case.
 * @param reload called for each SIGHUP of the first kind
 */
export function untilHangUp(reload: () => void): Promise<void> {
	const isAtTerminal = [0, 1, 2].some((fd) => isatty(fd));
	return new Promise((resolve) => {
		process.on("SIGHUP", () => {
			if (isAtTerminal && !isTerminalThere()) resolve();
			else reload();
		});
	});
}

/** Whether the process has a terminal that controls it: one that has gone controls nobody any more. */
function isTerminalThere(): boolean {
	try {
		closeSync(openSync("/dev/tty", constants.O_RDONLY | constants.O_NOCTTY));
		return true;
	} catch {
		return false;
	}
}
