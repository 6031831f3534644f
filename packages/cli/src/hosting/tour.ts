import { dictionary } from "@antiphon/dictionary";
import { NS } from "@antiphon/protocol";
import { BusError, describe, isFault, type Node, untyped, xml } from "antiphon";

export interface TourStep {
	readonly title: string;
	/** Whether its stanzas are worth a look. */
	readonly showStanzas?: boolean;
	/** What came of it. Throws when it was not what it should have been. */
	run(): Promise<string>;
}

/**
 * What `antiphon dev` shows: a reply, a declared fault, bad input that gets past the caller's own check, and what the
 * JID of a function is there for.
 */
export function tourSteps(node: Node, domain: string): readonly TourStep[] {
	const typed = node.client(dictionary, { domain });
	const unchecked = node.client(untyped(describe(dictionary)), { domain });
	return [
		{
			title: 'define({ word: "xmpp" })',
			run: async () => {
				const { text } = await typed.define({ word: "xmpp" });
				if (!text.includes("Messaging")) throw new Error(`an unexpected text: ${text}`);
				return text;
			},
		},
		{
			title: 'define({ word: "stanzza" }): a fault that the contract declares',
			showStanzas: true,
			run: async () => {
				const error = await failureOf(typed.define({ word: "stanzza" }));
				if (!isFault(error, dictionary.functions.define, "unknown-word")) throw error;
				return `${error.name}; did you mean ${error.data.near.join(", ")}?`;
			},
		},
		{
			title: "define({ word: 7 }), sent without a check: the provider refuses it",
			run: async () => {
				const error = await failureOf(call(unchecked["define"], { word: 7 }));
				if (error.code !== "invalid-argument" || error.executed !== "no") throw error;
				return `${error.code}: ${error.message}`;
			},
		},
		{
			title: "By hand, to the function's JID, as from any XMPP client: the domain passes the call on",
			showStanzas: true,
			run: async () => {
				const input = JSON.stringify({ word: "jid" });
				const payload = xml("call", NS.rpc, { fn: "dictionary.define", ttl: "5000", enc: "json" }, input);
				const reply = await node.query({ type: "get", to: `dictionary.define@${domain}`, payload });
				const { text } = JSON.parse(reply?.text() ?? "") as { readonly text?: unknown };
				if (typeof text !== "string") throw new Error(`an unexpected reply: ${reply?.text()}`);
				return text;
			},
		},
	];
}

async function call(fn: ((input: unknown) => Promise<unknown>) | undefined, input: unknown): Promise<unknown> {
	return fn?.(input);
}

async function failureOf(promise: Promise<unknown>): Promise<BusError> {
	const reply = await promise.catch((error: unknown) => BusError.from(error));
	if (reply instanceof BusError) return reply;
	throw new Error(`this should have failed, and got ${JSON.stringify(reply)}`);
}
