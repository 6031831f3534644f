import type { ClientTools, InstanceInfo, WaitOptions } from "@antiphon/contract";
import { checkedSignal } from "@antiphon/link";
import { BusError, type Instance } from "@antiphon/protocol";
import { checkedTimeoutMs } from "../bounds/limits.js";
import { settleBy } from "../calls/settle-by.js";
import { DomainRoute } from "./domain-route.js";
import type { Route } from "./route.js";

/** How often a domain is asked again by those who wait, should what it tells be lost; in milliseconds. */
const ASK_EVERY_MS = 1_000;
const DEFAULT_WAIT_MS = 30_000;
/** How long a domain that has just started is given to hear of an instance, by those who ask for all; in milliseconds. */
const MAX_SETTLING_WAIT_MS = 10_000;

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
			const endMs = performance.now() + MAX_SETTLING_WAIT_MS;
			for (;;) {
				const told = found.eligible();
				const there = told.length > 0 ? told : found.eligible(await found.lookFurther());
				const more = there.length > 0 ? undefined : found.view.whileSettling();
				if (more === undefined || !(await isBefore(more, endMs))) return there.map(infoOf);
			}
		},
		$waitFor: async (options) => waitFor(inDomain(), options ?? {}),
	};
}

const isAvailable = ({ state }: Instance) => state === "available";

/** Waiting mends none of these. */
const FINAL: ReadonlySet<string> = new Set(["forbidden", "invalid-argument"]);

/** Resolves when a call would find an instance. */
async function waitFor(route: DomainRoute, { timeoutMs = DEFAULT_WAIT_MS, signal: given }: WaitOptions): Promise<void> {
	const signal = checkedSignal(given);
	const deadlineMs = performance.now() + checkedTimeoutMs(timeoutMs);
	const { view, address } = route;
	const letGo: (() => void)[] = [];
	/** Why there was none when the domain was last asked. */
	let reason: BusError | undefined;
	const there = new Promise<void>((resolve, reject) => {
		const isTold = () => view.isDirect || route.eligible().some(isAvailable);
		const check = () => {
			if (view.isClosed) reject(new BusError("link-lost", "the node was closed", { executed: "no" }));
			else if (isTold()) resolve();
		};
		const look = async () => {
			await view.refresh();
			if (isTold()) return resolve();
			const further = await route.lookFurther();
			if (route.eligible(further).some(isAvailable)) resolve();
			else reason = route.nowhere(further);
		};
		let isLooking = false;
		const ask = () => {
			if (isLooking) return;
			isLooking = true;
			const onFailure = (thrown: unknown) => {
				// What cannot be asked now may be later: the domain may be what is waited for.
				reason = BusError.from(thrown);
				const { code, message } = reason;
				if (FINAL.has(code)) reject(new BusError(code, message, { executed: "no", cause: thrown }));
			};
			void look()
				.catch(onFailure)
				.finally(() => {
					isLooking = false;
				});
		};
		const timer = setInterval(ask, ASK_EVERY_MS);
		letGo.push(() => clearInterval(timer), view.onChange(check));
		if (view.isClosed) check();
		else if (!signal?.aborted) ask();
	});
	try {
		await settleBy(there, deadlineMs, signal, "no");
	} catch (cause) {
		const error = BusError.from(cause);
		const { code } = error;
		if (code === "link-lost" || FINAL.has(code)) throw error;
		const when = signal?.aborted ? "before the caller's signal timed out" : `within ${timeoutMs} ms`;
		const inVain = () => `no instance of ${address} to call ${when}: ${(reason ?? route.nowhere()).message}`;
		throw new BusError(code, code === "cancelled" ? "waiting was given up" : inVain(), { executed: "no", cause });
	} finally {
		for (const each of letGo) each();
	}
}

/** Whether something happens before the time, on the clock of `performance.now()`, is over. */
const isBefore = (happens: Promise<void>, endMs: number): Promise<boolean> =>
	settleBy(happens, endMs, undefined, "no").then(
		() => true,
		() => false,
	);

function infoOf({ name, jid, version, state, running, concurrency, labels }: Instance): InstanceInfo {
	return { name, jid: jid.toString(), version, state, running, concurrency, labels: { ...labels } };
}
