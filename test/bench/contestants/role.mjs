// What every process of a contestant has in common: requests come in over IPC, one at a time, and end with a result or
// an error. When the benchmark is gone, however it went, so is this process.
import { closedLoop } from "./closed-loop.mjs";

/**
 * @param start takes the role's options; resolves with `{ address?, call?, close }` once it is online. `call` makes one
 *   call and rejects unless the reply is the right one; `address` is where a responder can be reached
 */
export function playRole(start) {
	let role;
	const requests = {
		async start(options) {
			role = await start(options);
			return { address: role.address };
		},
		slice: (options) => closedLoop(role.call, options),
		/** Processor time that this process has used up to now, in microseconds. */
		cpu() {
			const { user, system } = process.cpuUsage();
			return user + system;
		},
		async stop() {
			await role?.close();
			setImmediate(() => process.disconnect());
		},
	};
	process.on("message", async ({ id, name, options }) => {
		try {
			process.send({ id, result: (await requests[name](options)) ?? null });
		} catch (error) {
			process.send({ id, error: error.message });
		}
	});
	process.once("disconnect", () => process.exit());
}
