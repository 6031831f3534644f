import { type EmbeddedServer, ListenError, type ServerOptions, startServer } from "@antiphon/server";
import { BusError } from "antiphon";
import { UsageError } from "../command-error.js";

/** How the server's messages name a port, and the command line. */
const FLAGS = [
	[/\banother port\b/, "another --port"],
	[/\bcomponentPort\b/, "--component-port"],
	[/\btlsPort\b/, "--tls-port"],
] as const;

/** Starts the embedded server; a port that is not to be had is explained in terms of the command line. */
export async function startOnPorts(options: ServerOptions): Promise<EmbeddedServer> {
	try {
		return await startServer(options);
	} catch (error) {
		if (error instanceof BusError && error.code === "invalid-argument") throw new UsageError(error.message);
		if (!(error instanceof ListenError)) throw ofData(error, options);
		const message: string = FLAGS.reduce((text, [option, flag]) => text.replace(option, flag), error.message);
		if (error.code === "EADDRINUSE" || error.code === "EACCES") throw new Error(message, { cause: error });
		throw new UsageError(`--host ${options.host}: ${message}`);
	}
}

/** What the system says about the folder of `--data`. */
function ofData(error: unknown, { data }: ServerOptions): unknown {
	const { path, message } = error as NodeJS.ErrnoException;
	if (data === undefined || path === undefined) return error;
	return new UsageError(`--data ${data} cannot be used: ${message}`);
}
