/**
 * The states of a presence subscription between a user and a contact, seen from the user (RFC 6121, appendix A).
 * Pure: what to send is decided by whoever asks.
 *
 * `to`: the user sees the contact's presence; `from`: the contact sees the user's. `ask`: the user asked and has no
 * answer (pending out); `request`: the contact asked and has no answer (pending in).
 *
 * | the user sends | allowed         | then                      |   | the contact sends | counts          | then                     |
 * | -------------- | --------------- | ------------------------- | - | ----------------- | --------------- | ------------------------ |
 * | subscribe      | always          | ask, unless to            |   | subscribe         | not from        | request                  |
 * | unsubscribe    | always          | not to, not ask           |   | unsubscribe       | from or request | not from, not request    |
 * | subscribed     | request         | from, not request         |   | subscribed        | ask             | to, not ask              |
 * | unsubscribed   | from or request | not from, not request     |   | unsubscribed      | to or ask       | not to, not ask          |
 */
export type Subscription = "none" | "to" | "from" | "both";

export const SUBSCRIPTION_TYPES = ["subscribe", "subscribed", "unsubscribe", "unsubscribed"] as const;
export type SubscriptionType = (typeof SUBSCRIPTION_TYPES)[number];

export interface SubscriptionState {
	readonly subscription: Subscription;
	readonly ask: boolean;
	/** The contact's request, kept as it came. */
	readonly request: string | undefined;
}

export const seesContact = (state: SubscriptionState): boolean =>
	state.subscription === "to" || state.subscription === "both";

export const seenByContact = (state: SubscriptionState): boolean =>
	state.subscription === "from" || state.subscription === "both";

/** The state after the user sent `type`; `undefined` when it has no meaning now and goes nowhere. */
export function afterSending(state: SubscriptionState, type: SubscriptionType): SubscriptionState | undefined {
	switch (type) {
		case "subscribe":
			return seesContact(state) ? state : { ...state, ask: true };
		case "unsubscribe":
			return { ...state, subscription: without(state.subscription, "to"), ask: false };
		case "subscribed":
			if (state.request === undefined) return undefined;
			return { ...state, subscription: including(state.subscription, "from"), request: undefined };
		case "unsubscribed":
			if (state.request === undefined && !seenByContact(state)) return undefined;
			return { ...state, subscription: without(state.subscription, "from"), request: undefined };
	}
}

/** The state after the contact sent `type`; `undefined` when it changes nothing and the user need not hear of it. */
export function afterReceiving(
	state: SubscriptionState,
	type: SubscriptionType,
	request: string,
): SubscriptionState | undefined {
	switch (type) {
		case "subscribe":
			return seenByContact(state) || state.request !== undefined ? undefined : { ...state, request };
		case "unsubscribe":
			if (state.request === undefined && !seenByContact(state)) return undefined;
			return { ...state, subscription: without(state.subscription, "from"), request: undefined };
		case "subscribed":
			if (!state.ask) return undefined;
			return { ...state, subscription: including(state.subscription, "to"), ask: false };
		case "unsubscribed":
			if (!state.ask && !seesContact(state)) return undefined;
			return { ...state, subscription: without(state.subscription, "to"), ask: false };
	}
}

function including(subscription: Subscription, half: "to" | "from"): Subscription {
	return subscription === "none" || subscription === half ? half : "both";
}

function without(subscription: Subscription, half: "to" | "from"): Subscription {
	if (subscription === half) return "none";
	return subscription === "both" ? (half === "to" ? "from" : "to") : subscription;
}
