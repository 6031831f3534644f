import { startProcess } from "./contestant-process.mjs";
import { logins } from "./worlds.mjs";

/**
 * Those who are compared, each by `join(server, world)`, `slice(options)` and `leave()`:
 * - `memory`: the typed call with both sides in one process
 * - `antiphon`: the typed call, with a provider and a caller in processes of their own
 * - `bare`: the same question by `iqCaller.request` and `iqCallee` of xmpp.js, likewise
 */
export const CONTESTANTS = {
	memory: () => {
		const both = startProcess("antiphon-memory");
		return { ...both, join: () => both.join("Antiphon over memory", {}) };
	},
	antiphon: () =>
		startPair("antiphon", "Antiphon", (world, { domain }, address) =>
			world.role === "client" ? { to: address } : { domain },
		),
	bare: () => startPair("bare", "bare xmpp.js", (_world, _login, address) => address),
};

/** @param targetOf what the caller has to know to reach the responder */
function startPair(name, title, targetOf) {
	const responder = startProcess(`${name}-responder`);
	const caller = startProcess(`${name}-caller`);
	return {
		async join(server, world) {
			const login = logins(server, name, world.role);
			const address = await responder.join(`${title} over ${world.name} (responder)`, login.responder);
			const target = targetOf(world, login.responder, address);
			await caller.join(`${title} over ${world.name} (caller)`, { ...login.caller, target });
		},
		/** One slice as the caller measured it, and what the responder's processor time was for each call. */
		async slice(options) {
			const beforeUs = await responder.cpuUs();
			const measured = await caller.slice(options);
			return { ...measured, responderCpuUs: ((await responder.cpuUs()) - beforeUs) / measured.calls };
		},
		async leave() {
			await caller.leave();
			await responder.leave();
		},
		async [Symbol.asyncDispose]() {
			await caller[Symbol.asyncDispose]();
			await responder[Symbol.asyncDispose]();
		},
	};
}
