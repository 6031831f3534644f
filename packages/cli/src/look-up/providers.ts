import type { Instance, Resolution } from "@antiphon/protocol";
import { type BrowseOptions, BusError, majorOf, type Node } from "antiphon";
import { orRefusal } from "./refusal.js";
import { resolved } from "./resolved.js";

/**
 * How a major version of a service is, by what its instances said last.
 *
 * | health      | when                                                               |
 * | ----------- | ------------------------------------------------------------------ |
 * | available   | it can be called                                                   |
 * | busy        | each instance that takes calls ran as many as it runs at once      |
 * | draining    | every instance drains                                              |
 * | unavailable | there is no instance, any more or yet                              |
 */
type ProvidersHealth = "available" | "busy" | "draining" | "unavailable";

/** Who provides a major version of a service. Both are `null` where that is not told. */
export interface Providers {
	readonly instances: number | null;
	readonly health: ProvidersHealth | null;
}

const NOT_TOLD: Providers = { instances: null, health: null };

/**
 * Who provides these major versions of a service, one answer for each in their order.
 * @param jid its address. What is there need not resolve (docs/protocol.md, "Finding instances")
 * @param limits asked anew for each look-up
 * @throws BusError where asking further makes no sense
 */
export async function providersOf(
	node: Pick<Node, "query">,
	jid: string,
	majors: readonly number[],
	limits: () => BrowseOptions,
): Promise<Providers[]> {
	const ask = (version?: string) => orRefusal(resolved(node, jid, version, limits()));
	const all = await ask();
	const answers: Providers[] = [];
	for (const major of majors) {
		// An answer names so many instances at most: of more, those of each version are asked for.
		const told = all instanceof BusError || !isPartial(all) ? all : await ask(`${major}.0.0`);
		answers.push(told instanceof BusError ? NOT_TOLD : summary(told, major));
	}
	return answers;
}

const isPartial = ({ instances, total = 0 }: Resolution) => total > instances.length;

function summary(told: Resolution, major: number): Providers {
	const instances = told.instances.filter(({ version }) => majorOf(version) === major);
	// Where nothing serves what was asked for, others are named. All that are counted serve it, or none does.
	const total = isPartial(told) && instances.length > 0 ? told.total : undefined;
	return { instances: total ?? instances.length, health: healthOf(instances) };
}

function healthOf(instances: readonly Instance[]): ProvidersHealth {
	if (instances.length === 0) return "unavailable";
	const taking = instances.filter(({ state }) => state === "available");
	if (taking.length === 0) return "draining";
	return taking.every(({ running, concurrency }) => running >= concurrency) ? "busy" : "available";
}
