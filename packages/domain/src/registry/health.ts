import type { Registry } from "./registry.js";

/**
 * How a service is, as presence tells it (RFC 6121, section 4.7.2.1).
 *
 * | state       | `<show/>` | when                                                                       |
 * | ----------- | --------- | -------------------------------------------------------------------------- |
 * | available   | none      | it can be called                                                           |
 * | degraded    | away      | it can be called, but an instance has missed a renewal                     |
 * | overloaded  | dnd       | every instance that takes calls has been at its limit for a while          |
 * | draining    | dnd       | every instance is draining                                                 |
 * | unavailable |           | there is no instance                                                       |
 */
export interface Health {
	readonly state: "available" | "degraded" | "overloaded" | "draining" | "unavailable";
	/** For people. It changes when there is something to do or to know, not with every renewal: it is told to subscribers. */
	readonly status: string;
}

/** Of what nobody serves: a service without instances, a function that none of them has. */
export const ABSENT: Health = { state: "unavailable", status: "nobody serves it" };

export const SHOW: Readonly<Record<Health["state"], string | undefined>> = {
	available: undefined,
	degraded: "away",
	overloaded: "dnd",
	draining: "dnd",
	unavailable: undefined,
};

/** @param lateMs by the domain's clock: who was not heard of since has missed a renewal */
export function healthOf(registry: Registry, service: string, lateMs: number): Health {
	const instances = registry.instances(service);
	if (instances.length === 0) return ABSENT;
	const taking = instances.filter(({ state }) => state === "available");
	if (taking.length === 0) return { state: "draining", status: "draining" };
	const instancesText = count(taking.length, "instance");
	if (taking.every(({ load }) => load.isFull)) {
		return { state: "overloaded", status: `${instancesText}, all at their limit` };
	}
	const late = taking.filter(({ heardMs }) => heardMs < lateMs).length;
	if (late > 0) return { state: "degraded", status: `${instancesText}, ${late} of them late with a renewal` };
	const room = taking.reduce((sum, each) => sum + each.concurrency, 0);
	return { state: "available", status: `${instancesText} for ${room} calls at once` };
}

const count = (number: number, what: string) => `${number} ${what}${number === 1 ? "" : "s"}`;
