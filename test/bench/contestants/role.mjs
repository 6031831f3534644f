// What every process of a contestant has in common: requests come in over IPC, one at a time, and end with a result or
// an error. When the benchmark is gone, however it went, so is this process.
import { closedLoop } from "./closed-loop.mjs";

/**
 * @param login takes the role's options; resolves with `{ address?, call?, close }` once it is online. `call` makes one
 *   call and rejects unless the reply is the right one; `address` is where a responder can be reached
 */
export function playRole(login) {
	let session;
	const requests = {
		async join(options) {
			session = await login(options);
			return { address: session.address };
		},
		leave: () => session.close(),
		slice: (options) => closedLoop(session.call, options),
		cpuUs() {
			const { user, system } = process.cpuUsage();
			return user + system;
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
