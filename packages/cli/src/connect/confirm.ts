import { createInterface } from "node:readline";
import { untilSignal } from "./until-signal.js";

/** A terminal, with somebody at it. */
export interface Asked {
	readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean };
	readonly output: NodeJS.WritableStream;
}

/** Results go to standard output, and a question is none. */
const TERMINAL: Asked = { input: process.stdin, output: process.stderr };

/** Whether somebody is there who can be asked. */
export function canAsk({ input }: Asked = TERMINAL): boolean {
	return input.isTTY === true;
}

/**
 * Asks a question of whoever sits at the terminal, for as long as they like: another line than `y` or `yes`, the end of what
 * they say, and a signal that ends a process are all a no.
 */
export async function confirmed(question: string, { input, output }: Asked = TERMINAL): Promise<boolean> {
	output.write(`${question} [y/N] `);
	// Not as a terminal: the line is edited by the terminal itself, and Ctrl-C stays a signal.
	const lines = createInterface({ input, terminal: false });
	try {
		const line = new Promise<string>((resolve) => {
			lines.once("line", resolve);
			lines.once("close", () => resolve(""));
		});
		const answer = await Promise.race([line, untilSignal().then(() => "")]);
		return /^y(es)?$/i.test(answer.trim());
	} finally {
		lines.close();
	}
}
