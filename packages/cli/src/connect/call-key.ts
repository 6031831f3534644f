import { type CallKey, isServiceName } from "@antiphon/protocol";
import { BusError, Jid } from "antiphon";
import { UsageError } from "../command-error.js";

/** What names a durable call on the command line. */
export type NamedCall = CallKey | OwnCallName;

/** As its caller names it, and so does this command: a call of the account that is logged in. */
interface OwnCallName {
	readonly n?: undefined;
	readonly sender?: undefined;
	readonly id: string;
	/** The domain that keeps it. */
	readonly domain: string;
}

const ID = /^[A-Za-z0-9_-]{1,64}$/;

/**
 * Reads `184467`, a number that lists show; `caller@example.org/q0wYc3nLR9eEo2p7Zb4mVA`: what a handler sees as `ctx.callId`; or
 * `q0wYc3nLR9eEo2p7Zb4mVA:dictionary@fn.example.org`: what the caller has.
 * @throws UsageError
 */
export function parseCallKey(text: string): NamedCall {
	if (/^[1-9]\d{0,14}$/.test(text)) return { n: Number(text) };
	const [, sender, ofSender = ""] = /^([^/]+)\/([^/]+)$/.exec(text) ?? [];
	const jid = Jid.tryParse(sender);
	if (jid !== undefined && ID.test(ofSender)) return { sender: jid.toString(), id: ofSender };
	const [, id = "", address] = /^([^:]+):(.+)$/.exec(text) ?? [];
	const to = Jid.tryParse(address);
	if (ID.test(id) && to?.local !== undefined && to.resource === undefined && isServiceName(to.local)) {
		return { id, domain: to.domain };
	}
	throw new UsageError(
		`${text} names no durable call: use its number, caller@example.org/ID, or ID:service@domain for one of your own`,
	);
}

/** As the domain is asked for it. @param account bare, that asks. @throws UsageError for a call that is kept in another domain */
export function keyFor(named: NamedCall, account: string, domain: string): CallKey {
	if (named.n !== undefined || named.sender !== undefined) return named;
	if (named.domain === domain) return { sender: account, id: named.id };
	throw new UsageError(
		`the call ${named.id} is kept in ${named.domain}, not in ${domain}: say --domain ${named.domain}`,
	);
}

/** The domain does not know it: callers' ids do not tell whose they are, and there it may be another's. */
export function notOwn(named: NamedCall, account: string, error: BusError): BusError {
	if (error.code !== "not-found" || named.n !== undefined || named.sender !== undefined) return error;
	const instead = `say whose it is, caller@example.org/${named.id}; antiphon calls ls and antiphon dead ls show senders`;
	return new BusError("not-found", `${account} has no such call. If another account has made it, ${instead}`, {
		executed: error.executed,
		cause: error,
	});
}
