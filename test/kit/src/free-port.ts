import { createServer } from "node:net";

/**
 * Ports are taken from below the kernel's ephemeral range (32768 and up on Linux), so that no outgoing connection of a
 * test running at the same time can land on a port between the probe here and the server's own bind. Each process
 * walks the range from its own place, so that two test workers rarely probe the same port.
 */
const FIRST = 20_000;
const COUNT = 12_000;
let next = (process.pid * 61) % COUNT;

/** A TCP port on 127.0.0.1 that was free a moment ago. A launcher still has to cope with losing it. */
export async function freePort(): Promise<number> {
	for (let tries = 0; tries < 500; tries++) {
		const port = FIRST + next;
		next = (next + 1) % COUNT;
		if (await canBind(port)) return port;
	}
	throw new Error(`no free TCP port found between ${FIRST} and ${FIRST + COUNT}`);
}

function canBind(port: number): Promise<boolean> {
	return new Promise((resolve) => {
		const server = createServer();
		server.once("error", () => resolve(false));
		server.listen({ port, host: "127.0.0.1", exclusive: true }, () => server.close(() => resolve(true)));
	});
}
