import { BusError, isServiceName, Jid } from "@antiphon/protocol";

/** What the id of a durable call says: `8mQ2nJc0S1K7XvWq3rTzYA:dictionary@fn.example.org`. */
export interface DurableId {
	readonly id: string;
	/** The address of the service, to which the call was submitted. */
	readonly to: string;
}

const FORM = /^([A-Za-z0-9_-]{1,64}):(.+)$/s;

/** @param to the address of the service */
export function durableId(id: string, to: Jid): string {
	return `${id}:${to}`;
}

/** @throws BusError `invalid-argument` */
export function parseDurableId(callId: string): DurableId {
	const [, id, address] = FORM.exec(String(callId)) ?? [];
	const to = Jid.tryParse(address);
	if (id !== undefined && to?.local !== undefined && to.resource === undefined && isServiceName(to.local)) {
		return { id, to: to.toString() };
	}
	const shown = JSON.stringify(String(callId).slice(0, 200));
	const example = "8mQ2nJc0S1K7XvWq3rTzYA:dictionary@fn.example.org";
	throw new BusError(
		"invalid-argument",
		`${shown} names no durable call: pass what send() has returned, as ${example}`,
	);
}
