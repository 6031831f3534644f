import { readFileSync } from "node:fs";
import { type EmbeddedServer, lineLog } from "@antiphon/server";
import { type Command, Option } from "commander";
import { UsageError } from "../command-error.js";
import { startOnPorts } from "../start-on-ports.js";
import { untilSignal } from "../until-signal.js";

interface ServerFlags {
	readonly host: string;
	readonly port: number;
	readonly componentPort: number;
	readonly tlsPort?: number;
	readonly tlsKey?: string;
	readonly tlsCert?: string;
	readonly domain: string;
	readonly component: Readonly<Record<string, string>>;
	readonly user: Readonly<Record<string, string>>;
	readonly data?: string;
}

/** `antiphon server`: the embedded XMPP server, alone. */
export function serverCommand(program: Command): void {
	program
		.command("server")
		.description("run the embedded XMPP server, for development and tests")
		.option("--host <address>", "address to listen on", "127.0.0.1")
		.addOption(new Option("--port <port>", "port for clients; 0 takes a free one").default(5222).argParser(port))
		.addOption(new Option("--component-port <port>", "port for components").default(5347).argParser(port))
		.addOption(new Option("--tls-port <port>", "port for clients with direct TLS").argParser(port))
		.option("--tls-key <file>", "private key, PEM")
		.option("--tls-cert <file>", "certificate, PEM")
		.option("--domain <domain>", "the domain of its accounts", "localhost")
		.option("--component <domain:secret>", "a component that may connect; may be repeated", pairs, {})
		.option("--user <name:password>", "an account; may be repeated", pairs, {})
		.option("--data <folder>", "keep rosters and offline messages there; otherwise they are lost on exit")
		.action(async ({ component, user, tlsKey, tlsCert, ...flags }: ServerFlags) => {
			if ((tlsKey === undefined) !== (tlsCert === undefined))
				throw new UsageError("--tls-key and --tls-cert belong together");
			const tls = tlsKey && tlsCert ? { tls: { key: read(tlsKey), cert: read(tlsCert) } } : {};
			const log = lineLog("server", "info");
			const server = await startOnPorts({ ...flags, ...tls, users: user, components: component, log });
			for (const line of addressLines(server, Object.keys(component))) console.log(line);
			await untilSignal();
			await server.close();
		});
}

export function port(text: string): number {
	const value = Number(text);
	if (/^\d{1,5}$/.test(text) && value <= 65_535) return value;
	throw new UsageError(`${text} is no port: use 0 to 65535`);
}

/** Gathers `name:value` of a repeated option. */
function pairs(text: string, gathered: Readonly<Record<string, string>>): Record<string, string> {
	const colon = text.indexOf(":");
	if (colon < 1 || colon === text.length - 1) throw new UsageError(`${text}: use name:secret`);
	return { ...gathered, [text.slice(0, colon)]: text.slice(colon + 1) };
}

function read(path: string): string {
	try {
		return readFileSync(path, "utf8");
	} catch (error) {
		throw new UsageError(`${path} cannot be read: ${(error as Error).message}`);
	}
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
