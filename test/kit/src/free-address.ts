import { createServer } from "node:net";

/** Away from 127.0.0.1, where everything else listens. */
const FIRST_BLOCK = 64;
const BLOCKS = 128;
const HOSTS = 254;
const COUNT = BLOCKS * 256 * HOSTS;
const TRIES = 100;
/** Each process walks from its own place, so that two seldom probe the same address. */
let next = (process.pid * 7919) % COUNT;

/**
 * A loopback address (127.64.0.1 to 127.191.255.254) on which this port was free a moment ago: for servers that are
 * expected at one port, several of which run at once. A launcher still has to cope with losing it.
 */
export async function freeAddress(port: number): Promise<string> {
	for (let tries = 0; tries < TRIES; tries++) {
		const block = Math.floor(next / HOSTS);
		const address = `127.${FIRST_BLOCK + Math.floor(block / 256)}.${block % 256}.${1 + (next % HOSTS)}`;
		next = (next + 1) % COUNT;
		if (await canBind(address, port)) return address;
	}
	throw new Error(`port ${port} is taken on ${TRIES} loopback addresses, or cannot be bound on any but 127.0.0.1`);
}

function canBind(host: string, port: number): Promise<boolean> {
	return new Promise((resolve) => {
		const server = createServer();
		server.once("error", () => resolve(false));
		server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
	});
}
