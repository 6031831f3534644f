import { type DrainOutcome, type DrainRequest, decodeDrained, encodeDrain } from "@antiphon/protocol";
import type { Node } from "antiphon";
import type { Deadline } from "../connect/connection.js";
import { askDomain } from "./ask-domain.js";
import { isNamed, untilLeft } from "./departure.js";
import { registeredWith } from "./registered.js";

/** What has come of draining an instance. */
export interface Drained extends DrainOutcome {
	/** Whether it has left; `undefined` where that was not waited for. */
	readonly left?: boolean | undefined;
	/** Of one that has not: how many calls it ran when it was last heard of. */
	readonly running?: number | undefined;
}

/**
 * Has a domain drain an instance, of one service or of all.
 * @param wait until it has left, or the time is over
 * @throws BusError
 */
export async function drain(
	node: Node,
	domain: string,
	asked: DrainRequest,
	wait: boolean,
	deadline: Deadline,
): Promise<Drained[]> {
	// Before it drains: afterwards another may have its name.
	const there = wait ? await registeredWith(node, domain, asked, deadline) : [];
	const payload = encodeDrain(asked);
	const timeoutMs = deadline.remainingMs();
	const outcomes = decodeDrained(await askDomain(node, domain, { type: "set", payload, timeoutMs }));
	if (!wait) return outcomes;
	const leaving = there.filter((each) => outcomes.some((one) => one.failure === undefined && isNamed(each, one)));
	const still = await untilLeft(node, domain, leaving, deadline);
	return outcomes.map((outcome) => {
		if (outcome.failure !== undefined) return outcome;
		const found = still.find((each) => isNamed(each, outcome));
		return { ...outcome, left: found === undefined, running: found?.running };
	});
}
