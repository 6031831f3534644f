import type { ListedCall, ShownCall } from "@antiphon/protocol";
import { age } from "./age.js";
import { table } from "./table.js";

/** Durable calls, a line each. */
export function callTable(calls: readonly ListedCall[]): string {
	const rows = calls.map((call) => [
		String(call.n),
		call.fn === undefined ? "" : `${call.fn} ${call.version}`,
		call.sender,
		call.id,
		stateOf(call),
		String(call.attempts),
		`${age(call.acceptedMs)} ago`,
		call.expiresMs === undefined ? "" : age(call.expiresMs),
	]);
	return table(["call", "function", "sender", "id", "state", "attempts", "accepted", "expires in"], rows);
}

function stateOf({ state, instance, dueMs, isDead, code, fault }: ListedCall): string {
	if (state === "leased") return `leased to ${instance ?? ""}`;
	if (state === "delayed" && dueMs !== undefined) return `delayed for ${age(dueMs)}`;
	if (state !== "settled") return state;
	return `${isDead ? "dead" : "settled"}: ${[code ?? "reply", fault ?? ""].join(" ").trim()}`;
}

/** What is not there is `null`: each object has the same keys. */
export function callJson(call: ListedCall) {
	const { n, sender, id, fn, version, delivery, state, isDead, attempts, acceptedMs } = call;
	const { expiresMs = null, dueMs = null, settledMs = null, instance = null, code = null, fault = null } = call;
	const named = { call: n, sender, id, function: fn ?? null, version: version ?? null, delivery };
	return { ...named, state, dead: isDead, attempts, acceptedMs, expiresMs, dueMs, settledMs, instance, code, fault };
}

export function shownJson(call: ShownCall) {
	const { orderKey = null, maxAttempts = null, message = null } = call;
	const leases = call.leases.map(({ instance, jid, atMs, tookMs = null, how = null, message: said = null }) => ({
		instance,
		node: jid,
		atMs,
		tookMs,
		how,
		message: said,
	}));
	const { redriveOf, redriven } = call;
	const line = {
		redriveOf: redriveOf === undefined ? null : { call: redriveOf.n, origin: redriveOf.origin },
		redriven: redriven === undefined ? null : { call: redriven.n, id: redriven.id, agoMs: redriven.agoMs },
	};
	return { ...callJson(call), orderKey, maxAttempts, message, leases, ...line };
}
