import { CALL_CONTENTS, type CallContentName, type ShownCall } from "@antiphon/protocol";
import type { Command } from "commander";
import { type ConnectionFlags, withNode } from "../connect/connection.js";
import { contentOf, showCall } from "../look-up/durable-calls.js";
import { printResult } from "../output.js";
import { shownJson } from "../print/calls.js";
import { contentJson, contentLines, type Found } from "../print/content.js";
import { storyLines } from "../print/story.js";

export interface ShowFlags extends ConnectionFlags {
	readonly json?: boolean;
	readonly input?: boolean;
	readonly outcome?: boolean;
}

export function withContents(command: Command): Command {
	return command
		.option("--input", "and its input: who looks at it stands in the log of the domain")
		.option("--outcome", "and its reply, or the error in which it has ended, with what that carries; logged, too");
}

/**
 * Prints what has become of a call, and of what is in it as much as is wanted.
 * @param check before anything that is in it is asked for: it throws a BusError for a call that is not meant
 */
export async function printShown(
	domain: string,
	key: Parameters<typeof showCall>[2],
	flags: ShowFlags,
	check: (call: ShownCall) => void = () => {},
): Promise<void> {
	const wanted = CALL_CONTENTS.filter((of) => flags[of] === true);
	const { call, contents } = await withNode(flags, async (node, deadline) => {
		const call = await showCall(node, domain, key, deadline);
		check(call);
		const contents: [CallContentName, Found][] = [];
		for (const of of wanted) contents.push([of, await contentOf(node, domain, of, call.n, deadline)]);
		return { call, contents };
	});
	const inside = Object.fromEntries(contents.map(([of, found]) => [of, contentJson(found)]));
	printResult(flags.json, { ...shownJson(call), ...inside }, () => [
		...storyLines(call),
		...contents.flatMap(([of, found]) => contentLines(of, found)),
	]);
}
