import { startRole } from "./contestant-process.mjs";
import { logins } from "./worlds.mjs";

/** @returns a contestant of one process: both sides of a call over the memory bus */
export async function startInMemory() {
	const both = await startRole("Antiphon over memory", "antiphon-memory", {});
	return { slice: both.slice, [Symbol.asyncDispose]: () => both[Symbol.asyncDispose]() };
}

/** The typed call: a provider and a caller, each in a process of its own. */
export function startAntiphon(server, world) {
	const { caller, responder } = logins(server, "antiphon", world.role);
	return startPair(`Antiphon over ${world.name}`, {
		responder: ["antiphon-responder", responder],
		caller: ["antiphon-caller", caller],
		target: (address) => (world.role === "client" ? { to: address } : { domain: responder.domain }),
	});
}

/** The same question by `iqCaller.request` and `iqCallee` of xmpp.js, likewise. */
export function startBare(server, world) {
	const { caller, responder } = logins(server, "bare", world.role);
	return startPair(`bare xmpp.js over ${world.name}`, {
		responder: ["bare-responder", responder],
		caller: ["bare-caller", caller],
		target: (address) => address,
	});
}

async function startPair(who, { responder, caller, target }) {
	const answering = await startRole(`${who} (responder)`, ...responder);
	try {
		const [module, login] = caller;
		const asking = await startRole(`${who} (caller)`, module, { ...login, target: target(answering.address) });
		return {
			/** One slice as the caller measured it, and what the responder's processor time was for each call. */
			async slice(options) {
				const before = await answering.cpu();
				const measured = await asking.slice(options);
				return { ...measured, responderCpuUs: ((await answering.cpu()) - before) / measured.calls };
			},
			async [Symbol.asyncDispose]() {
				await asking[Symbol.asyncDispose]();
				await answering[Symbol.asyncDispose]();
			},
		};
	} catch (error) {
		await answering[Symbol.asyncDispose]();
		throw error;
	}
}
