import { BusError, type FoundContract, type FunctionDescription, type Node, type ServiceDescription } from "antiphon";
import type { Address } from "../connect/address.js";
import type { Deadline } from "../connect/connection.js";
import { findMajor } from "./major.js";

/** Functions that an error names; a service may have many. */
const MAX_NAMED = 10;

/**
 * The contract of the service that an address is in. A function that the service does not have is told apart from a
 * service that is not there: nothing answers at the address of such a function, so the service is asked as well.
 * @param major of several major versions this one; `undefined`: the newest
 * @throws BusError, `unimplemented` for a missing function
 */
export async function contractAt(
	node: Node,
	address: Address,
	major: number | undefined,
	deadline: Deadline,
): Promise<FoundContract> {
	const fetch = (to: string) => findMajor(node, to, major, { timeoutMs: deadline.remainingMs() });
	try {
		return await fetch(address.jid);
	} catch (error) {
		if (address.fn === undefined || BusError.from(error).code !== "not-found") throw error;
		// With this one, the look-up of the function fails in words of its own.
		return await fetch(address.serviceJid).catch(() => Promise.reject(error));
	}
}

/**
 * A function of a contract, by its name in whatever case: addresses fold it.
 * @throws BusError `unimplemented` that names the functions there are
 */
export function functionIn(
	{ service, functions }: ServiceDescription,
	{ fn = "", domain }: Address,
): [string, FunctionDescription] {
	const found = Object.entries(functions).find(([name]) => name.toLowerCase() === fn.toLowerCase());
	if (found !== undefined) return found;
	const names = Object.keys(functions);
	const more = names.length > MAX_NAMED ? ` and others: antiphon describe ${service}@${domain}` : "";
	const there = names.length === 0 ? "none" : names.slice(0, MAX_NAMED).join(", ");
	throw new BusError("unimplemented", `${service}@${domain} has no function ${fn}; it has ${there}${more}`);
}
