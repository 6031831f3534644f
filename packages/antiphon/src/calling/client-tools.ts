import type { ClientTools, InstanceInfo, WaitOptions } from "@antiphon/contract";
import { BusError, type Instance } from "@antiphon/protocol";
import { checkedTimeoutMs } from "../bounds/limits.js";
import { DomainRoute } from "./domain-route.js";
import type { Route } from "./route.js";

/** How often a domain is asked again by those who wait, should what it tells be lost; in milliseconds. */
const ASK_EVERY_MS = 1_000;
const DEFAULT_WAIT_MS = 30_000;

/** What a client can do besides calling functions. */
export function clientTools(route: Route): ClientTools {
	const inDomain = () => {
		if (route instanceof DomainRoute) return route;
		throw new BusError("unimplemented", "a client of one address chooses no instances: make it with { domain }");
	};
	return {
		$instances: async () => {
			const found = inDomain();
			await found.view.refresh();
			return found.eligible().map(infoOf);
		},
		$waitFor: async (options = {}) => waitFor(inDomain(), options),
	};
}

/** Resolves when a call would find an instance. */
async function waitFor(route: DomainRoute, { timeoutMs = DEFAULT_WAIT_MS, signal }: WaitOptions): Promise<void> {
	const { view } = route;
	const isThere = () => view.isDirect || route.eligible().some(({ state }) => state === "available");
	const deadline = AbortSignal.timeout(checkedTimeoutMs(timeoutMs));
	const ended = signal === undefined ? deadline : AbortSignal.any([deadline, signal]);
	await new Promise<void>((resolve, reject) => {
		const check = () => {
			if (isThere()) settle(resolve);
		};
		const onAbort = () => {
			const given = signal?.aborted === true && !deadline.aborted;
			const code = given ? "cancelled" : "deadline-exceeded";
			const message = given ? "waiting was given up" : `nobody served ${route.address} within ${timeoutMs} ms`;
			settle(() => reject(new BusError(code, message, { executed: "no" })));
		};
		const settle = (how: () => void) => {
			clearInterval(timer);
			unlisten();
			ended.removeEventListener("abort", onAbort);
			how();
		};
		// What cannot be asked now may be later: the domain may be what is waited for.
		const ask = () => void view.refresh().then(check, () => {});
		const timer = setInterval(ask, ASK_EVERY_MS);
		const unlisten = view.onChange(check);
		ended.addEventListener("abort", onAbort);
		if (ended.aborted) onAbort();
		else ask();
	});
}

function infoOf({ name, jid, version, state, running, concurrency, labels }: Instance): InstanceInfo {
	return { name, jid: jid.toString(), version, state, running, concurrency, labels: { ...labels } };
}
