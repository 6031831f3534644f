import { type EmbeddedServer, ListenError, type ServerOptions, startServer } from "@antiphon/server";
import { BusError } from "antiphon";
import { UsageError } from "./command-error.js";

/** Starts the embedded server; a port that is not to be had is explained in terms of the command line. */
export async function startOnPorts(options: ServerOptions): Promise<EmbeddedServer> {
	try {
		return await startServer(options);
	} catch (error) {
		if (error instanceof BusError && error.code === "invalid-argument") throw new UsageError(error.message);
		if (!(error instanceof ListenError)) throw error;
		if (error.code !== "EADDRINUSE" && error.code !== "EACCES")
			throw new Error(`${error.message} (--host)`, { cause: error });
		const flag = { [options.componentPort ?? 0]: "--component-port", [options.tlsPort ?? 0]: "--tls-port" }[error.port];
		throw new Error(`${error.message} (${flag ?? "--port"})`, { cause: error });
	}
}
