import { describe, expect, it } from "vitest";
import { afterReceiving, afterSending, type SubscriptionState } from "./subscription.js";

/** `to+ask` reads: subscription to, our request pending; `+request`: the contact's request pending. */
function state(text: string): SubscriptionState {
	const [subscription, ...flags] = text.split("+");
	return {
		subscription: subscription as SubscriptionState["subscription"],
		ask: flags.includes("ask"),
		request: flags.includes("request") ? "<presence/>" : undefined,
	};
}

function show(result: SubscriptionState | undefined): string {
	if (result === undefined) return "-";
	return `${result.subscription}${result.ask ? "+ask" : ""}${result.request === undefined ? "" : "+request"}`;
}

const STATES = ["none", "none+ask", "none+request", "none+ask+request", "to", "to+request", "from", "from+ask", "both"];

// RFC 6121, appendix A, with "-" where nothing happens and nothing is sent on.
describe.each([
	[
		"subscribe",
		[
			"none+ask",
			"none+ask",
			"none+ask+request",
			"none+ask+request",
			"to",
			"to+request",
			"from+ask",
			"from+ask",
			"both",
		],
	],
	["unsubscribe", ["none", "none", "none+request", "none+request", "none", "none+request", "from", "from", "from"]],
	["subscribed", ["-", "-", "from", "from+ask", "-", "both", "-", "-", "-"]],
	["unsubscribed", ["-", "-", "none", "none+ask", "-", "to", "none", "none+ask", "to"]],
] as const)("When the user sends %s", (type, after) => {
	it.each(STATES.map((before, i) => [before, after[i]]))("%s becomes %s", (before, expected) => {
		expect(show(afterSending(state(before as string), type))).toBe(expected);
	});
});

describe.each([
	["subscribe", ["none+request", "none+ask+request", "-", "-", "to+request", "-", "-", "-", "-"]],
	["unsubscribe", ["-", "-", "none", "none+ask", "-", "to", "none", "none+ask", "to"]],
	["subscribed", ["-", "to", "-", "to+request", "-", "-", "-", "both", "-"]],
	["unsubscribed", ["-", "none", "-", "none+request", "none", "none+request", "-", "from", "from"]],
] as const)("When the contact sends %s", (type, after) => {
	it.each(STATES.map((before, i) => [before, after[i]]))("%s becomes %s", (before, expected) => {
		expect(show(afterReceiving(state(before as string), type, "<presence/>"))).toBe(expected);
	});
});
