import { BusError, isQualifiedName, Jid } from "@antiphon/protocol";
import { addressOf } from "../host/directory.js";

/** What a caller's own name of a durable call says: `8mQ2nJc0S1K7XvWq3rTzYA:dictionary.learn@fn.example.org`. */
export interface DurableId {
	readonly id: string;
	/** The address of the service, to which the call was submitted. */
	readonly to: string;
	/** `service.function`, without regard to case. */
	readonly fn: string;
}

const FORM = /^([A-Za-z0-9_-]{1,64}):(.+)$/s;

/** @param to the address of the service; @param fn its own name, without the service's */
export function durableId(id: string, to: Jid, fn: string): string {
	return `${id}:${addressOf(to.domain, to.local as string, fn)}`;
}

/** @throws BusError `invalid-argument` */
export function parseDurableId(callId: string): DurableId {
	const [, id, address] = FORM.exec(String(callId)) ?? [];
	const jid = Jid.tryParse(address);
	const fn = jid?.local;
	if (id !== undefined && jid?.resource === undefined && fn !== undefined && isQualifiedName(fn)) {
		return { id, to: addressOf((jid as Jid).domain, fn.slice(0, fn.indexOf("."))).toString(), fn };
	}
	const shown = JSON.stringify(String(callId).slice(0, 200));
	const example = "8mQ2nJc0S1K7XvWq3rTzYA:dictionary.learn@fn.example.org";
	throw new BusError(
		"invalid-argument",
		`${shown} names no durable call: pass what send() has returned, as ${example}`,
	);
}
