import { BusError, decodeFault, decodeStanzaError, forwardedCall, type Jid, NS } from "@antiphon/protocol";
import type { Element } from "@antiphon/xml";
import {
	type AdmittedCall,
	type CallAbort,
	cancelMessage,
	type GiveUpOn,
	isRunning,
	type NodeHost,
} from "antiphon/modules";

/**
 * Passes a call on to one provider, for its caller. What it holds is not looked into.
 * @param giveUpThisOn besides the end of the call, what ends this attempt. @throws BusError
 */
export async function forward(
	node: NodeHost,
	call: AdmittedCall,
	to: Jid,
	abort: CallAbort,
	giveUpThisOn: GiveUpOn,
): Promise<Element> {
	if (abort.reason !== undefined) throw abort.reason;
	const timeoutMs = call.deadlineMs - performance.now();
	const payload = forwardedCall(call.payload, call.caller, timeoutMs);
	const from = senderOf(call);
	const onGivenUp = (id: string) => node.send(cancelMessage(id, to, from));
	const giveUpOn: GiveUpOn = (giveUp, id) => {
		const undo = [abort.onAbort(giveUp), giveUpThisOn(giveUp, id)];
		return () => {
			for (const each of undo) each();
		};
	};
	const answer = await node.ask({ type: call.kind, to, from, payload, timeoutMs, giveUpOn, onGivenUp });
	if (answer.attr("type") === "error") throw decodeFault(decodeStanzaError(answer), to);
	const reply = answer.child();
	if (reply?.is("reply", NS.rpc)) return reply;
	throw new BusError("protocol", `${to} answered without a <reply/>`);
}

/** Whether a provider still has a call that was passed on to it with this id. */
export function stillRuns(node: NodeHost, call: AdmittedCall, to: Jid, id: string): Promise<boolean> {
	return isRunning((request) => node.ask(request), { id, to, from: senderOf(call) });
}

/** The address that was called: for the provider, the domain is who asks. */
const senderOf = (call: AdmittedCall): Jid => call.to.bare();

/** What is only true of the domain's own link is not true of its caller's. */
export function passedOn(error: BusError): BusError {
	const { code, message, executed } = error;
	if (code === "link-lost" || code === "cancelled") return new BusError("unavailable", message, { executed });
	if (code === "protocol") return new BusError("internal", message, { executed });
	return error;
}
