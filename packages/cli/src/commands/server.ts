import { type EmbeddedServer, lineLog } from "@antiphon/server";
import { type Command, Option } from "commander";
import { UsageError } from "../command-error.js";
import { untilSignal } from "../connect/until-signal.js";
import { component, domain, type Pairs, port, user } from "../hosting/server-flags.js";
import { startOnPorts } from "../hosting/start-on-ports.js";
import { readTlsFiles } from "../hosting/tls-files.js";

interface ServerFlags {
	readonly host: string;
	readonly port: number;
	readonly componentPort: number;
	readonly tlsPort?: number;
	readonly tlsKey?: string;
	readonly tlsCert?: string;
	readonly domain: string;
	readonly component?: Pairs;
	readonly user?: Pairs;
	readonly data?: string;
}

/** `antiphon server`: the embedded XMPP server, alone. */
export function serverCommand(program: Command): void {
	program
		.command("server")
		.description("run the embedded XMPP server, for development and tests")
		.option("--host <address>", "address to listen on", "127.0.0.1")
		.addOption(
			new Option("--port <port>", "port for clients; 0 takes a free one").default(5222).argParser(port("--port")),
		)
		.addOption(
			new Option("--component-port <port>", "port for components").default(5347).argParser(port("--component-port")),
		)
		.addOption(new Option("--tls-port <port>", "port for clients with direct TLS").argParser(port("--tls-port")))
		.option("--tls-key <file>", "private key, PEM")
		.option("--tls-cert <file>", "certificate, PEM")
		.option("--domain <domain>", "the domain of its accounts", domain("--domain"), "localhost")
		.option("--component <domain:secret>", "a component that may connect; may be repeated", component)
		.option("--user <name:password>", "an account; may be repeated", user)
		.option("--data <folder>", "keep rosters and offline messages there; otherwise they are lost on exit")
		.action(async ({ component = {}, user = {}, tlsKey, tlsCert, ...flags }: ServerFlags) => {
			if (Object.hasOwn(component, flags.domain))
				throw new UsageError(`--component ${flags.domain}:…: that is the server's own domain, see --domain`);
			if ((tlsKey === undefined) !== (tlsCert === undefined))
				throw new UsageError("--tls-key and --tls-cert belong together");
			if (flags.tlsPort !== undefined && tlsKey === undefined)
				throw new UsageError("--tls-port needs --tls-key and --tls-cert");
			const tls = tlsKey && tlsCert ? { tls: readTlsFiles(tlsKey, tlsCert) } : {};
			const log = lineLog("server", "info");
			const server = await startOnPorts({ ...flags, ...tls, users: user, components: component, log });
			for (const line of addressLines(server, Object.keys(component))) console.log(line);
			await untilSignal();
			await server.close();
		});
}

function addressLines(server: EmbeddedServer, components: readonly string[]): string[] {
	const { host, port, tlsPort, componentPort, domain } = server;
	return [
		`XMPP server for ${domain}, for development only`,
		`clients     xmpp://${host}:${port}`,
		...(tlsPort === undefined ? [] : [`over TLS    xmpps://${host}:${tlsPort}`]),
		`components  xmpp://${host}:${componentPort}${components.length === 0 ? " (none configured: --component)" : `  ${components.join(", ")}`}`,
		"Ctrl-C ends it.",
	];
}
