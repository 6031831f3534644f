import type { DomainModule } from "../host/domain-host.js";

/** How often the log may tell of refusals in sum, in milliseconds. */
const TELL_MS = 60_000;

/**
 * How many policy has refused, in the log, at the end of each minute in which it has. The lines of single refusals are
 * bounded and name the first; this says how many they were.
 */
export const denied: DomainModule = (host) => {
	let told = 0;
	host.node.every(TELL_MS, () => {
		const all = host.denials();
		if (all === told) return;
		host.node.log.info(`policy has refused ${all - told} in the last minute, ${all} since the start`);
		told = all;
	});
};
