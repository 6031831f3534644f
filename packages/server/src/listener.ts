import { createServer, type Server, type Socket } from "node:net";

/** A server that could not listen. `code` is that of the system, such as `EADDRINUSE`. */
export class ListenError extends Error {
	override readonly name = "ListenError";
	readonly code: string;
	readonly port: number;

	constructor(message: string, code: string, port: number, cause: unknown) {
		super(message, { cause });
		this.code = code;
		this.port = port;
	}
}

export interface Listener {
	readonly port: number;
	/** Takes no more connections. Resolves when those there are have gone. */
	close(): Promise<void>;
}

/**
 * Listens on one port.
 * @param option the option that names the port, for the error
 * @throws ListenError that says which port and the way out
 */
export async function listen(
	host: string,
	port: number,
	option: string,
	accept: (socket: Socket) => void,
): Promise<Listener> {
	const server = createServer({ noDelay: true }, accept);
	await new Promise<void>((resolve, reject) => {
		server.once("error", (error: NodeJS.ErrnoException) => reject(explain(error, host, port, option)));
		server.listen({ host, port }, resolve);
	});
	// Later errors are of single connections that could not be accepted (too many open files): the next may do.
	server.on("error", () => {});
	return { port: portOf(server), close: () => new Promise((resolve) => server.close(() => resolve())) };
}

function portOf(server: Server): number {
	const address = server.address();
	return typeof address === "object" && address !== null ? address.port : 0;
}

function explain(error: NodeJS.ErrnoException, host: string, port: number, option: string): ListenError {
	const code = error.code ?? "UNKNOWN";
	const wayOut = `choose another ${option}, or 0 for any free port`;
	switch (code) {
		case "EADDRINUSE":
			return new ListenError(`port ${port} on ${host} is in use: stop what uses it, or ${wayOut}`, code, port, error);
		case "EACCES":
			return new ListenError(`port ${port} on ${host} is not allowed for this user: ${wayOut}`, code, port, error);
		case "EADDRNOTAVAIL":
		case "ENOTFOUND":
			return new ListenError(`${host} is no address of this machine: choose another host`, code, port, error);
		default:
			return new ListenError(`cannot listen on port ${port} of ${host}: ${error.message}`, code, port, error);
	}
}
