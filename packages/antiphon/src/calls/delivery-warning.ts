import type { Service } from "@antiphon/contract";
import type { Log } from "@antiphon/protocol";

/** A promise that is not kept yet must not look as if it were. */
export function warnOfDelivery(log: Log, { name, functions }: Service): void {
	for (const [fn, { delivery }] of Object.entries(functions)) {
		if (delivery === "at-most-once") continue;
		log.warn(`${name}.${fn} declares ${delivery}; this version delivers at most once`);
	}
}
