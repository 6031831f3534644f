import type { KeptCall } from "@antiphon/delivery";
import { decodeFaultAlone, type ListedCall, type ShownCall } from "@antiphon/protocol";
import { outcomeFrom } from "antiphon/modules";

/** A call as it is told to administrators: without its input and output. */
export function listedCall({ outcome, leases, orderKey: _, maxAttempts: __, ...call }: KeptCall): ListedCall {
	const instance = call.state === "leased" ? leases.at(-1)?.instance : undefined;
	return { ...call, instance, code: outcome?.code, fault: outcome?.name };
}

/** The same with all that has become of it. */
export function shownCall(call: KeptCall): ShownCall {
	const { outcome, leases, orderKey, maxAttempts, redriveOf, redriven } = call;
	const isError = outcome?.code !== undefined;
	return {
		...listedCall(call),
		orderKey,
		maxAttempts,
		leases: leases.map(({ node, ...lease }) => ({ ...lease, jid: node })),
		message: isError ? decodeFaultAlone(outcomeFrom(outcome).element).message : undefined,
		redriveOf,
		redriven,
	};
}
