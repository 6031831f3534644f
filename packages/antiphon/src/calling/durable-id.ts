import { BusError, isServiceName, Jid } from "@antiphon/protocol";

/** What the id of a durable call says: `8mQ2nJc0S1K7XvWq3rTzYA:dictionary@fn.example.org`. */
export interface DurableId {
	readonly id: string;
	/** The address of the service, to which the call was submitted. */
	readonly to: string;
}

/** What a node knows of its own calls. */
export interface OwnCalls {
	/** Its own address. @throws BusError `link-lost` once it is closed */
	self(): Jid;
	/** To which services calls of an id were submitted, as far as it still knows. */
	addressesOf(id: string): readonly string[];
}

const FORM = /^([A-Za-z0-9_-]{1,64}):(.+)$/s;
/** `ctx.callId` of a handler, `caller@example.org/8mQ2nJc0S1K7XvWq3rTzYA`: it says whose call it is, and not where it is kept. */
const IN_HANDLER = /^([^/]+)\/([A-Za-z0-9_-]{1,64})$/s;
const EXAMPLE = "8mQ2nJc0S1K7XvWq3rTzYA:dictionary@fn.example.org";

export function durableId({ id, to }: DurableId): string {
	return `${id}:${to}`;
}

/**
 * @param callId what `send()` has resolved with; or `ctx.callId` of a handler, for a call of this account that this node has made
 * @throws BusError `invalid-argument`
 */
export function parseDurableId(callId: string, own: OwnCalls): DurableId {
	const [, id, address] = FORM.exec(String(callId)) ?? [];
	const to = Jid.tryParse(address);
	if (id !== undefined && to?.local !== undefined && to.resource === undefined && isServiceName(to.local)) {
		return { id, to: to.toString() };
	}
	const [, account, ofSender] = IN_HANDLER.exec(String(callId)) ?? [];
	const sender = Jid.tryParse(account);
	if (sender !== undefined && ofSender !== undefined) return ownCall(sender, ofSender, own);
	const shown = JSON.stringify(String(callId).slice(0, 200));
	throw invalid(`${shown} names no durable call: pass what send() has returned, as ${EXAMPLE}`);
}

function ownCall(sender: Jid, id: string, { self, addressesOf }: OwnCalls): DurableId {
	const account = self().bare();
	if (!sender.equals(account)) {
		throw invalid(`${sender}/${id} is a call of ${sender}, who alone may ask for it: this node is ${account}`);
	}
	const [to, ...more] = addressesOf(id);
	if (to !== undefined && more.length === 0) return { id, to };
	const where = to === undefined ? "this node does not know to which service it was made" : "there are several";
	const instead = to === undefined ? `${id}:SERVICE@DOMAIN` : [to, ...more].map((each) => `${id}:${each}`).join(" or ");
	throw invalid(`${sender}/${id} is not the whole name of a call, and ${where}: pass ${instead}`);
}

function invalid(message: string): BusError {
	return new BusError("invalid-argument", message);
}
