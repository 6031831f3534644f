import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeCertificate, type ServerCertificate } from "./certificates.js";
import type { DnsServer } from "./dns-server.js";
import { freePort } from "./free-port.js";
import { startChild } from "./process.js";
import { superviseServer, withFreshPorts } from "./supervised-server.js";
import { tempDir } from "./temp-dir.js";
import { BUS_STANZA_BYTES, type XmppServer, type XmppServerOptions } from "./xmpp-server.js";

export interface ProsodyOptions extends XmppServerOptions {
	/**
	 * The name server through which it finds other servers. With it the server federates: it announces its domain and
	 * components there, and knows the others by dialback (XEP-0220) without TLS. Needs `lua-unbound`. Default: it talks to
	 * no other server.
	 */
	readonly federation?: DnsServer;
}

/**
 * Starts the installed Prosody on 127.0.0.1 with free ports and its own data, as whoever runs the test (root as well).
 * Rejects with its log if it is not ready within 15 s.
 */
export function startProsody(options: ProsodyOptions = {}): Promise<XmppServer> {
	return withFreshPorts(() => launchProsody(options));
}

async function launchProsody(options: ProsodyOptions): Promise<XmppServer> {
	const { domain = "localhost", users = {}, components = {}, tls = false, bus = true, federation, profile } = options;
	const certificate = tls === true ? makeCertificate({ domains: [domain] }) : tls || undefined;
	const ports = {
		c2sPort: await freePort(),
		componentPort: await freePort(),
		...(certificate && { tlsPort: await freePort() }),
	};
	const s2s = federation && { port: await freePort(), dnsPort: federation.port };
	if (s2s) for (const name of [domain, ...Object.keys(components)]) federation.announce(name, s2s.port);
	const dir = tempDir("prosody");
	const config = join(dir.path, "prosody.cfg.lua");
	writeAccounts(join(dir.path, "data"), domain, users);
	if (certificate) {
		writeFileSync(join(dir.path, "cert.pem"), certificate.cert);
		writeFileSync(join(dir.path, "key.pem"), certificate.key, { mode: 0o600 });
	}
	const s2sPort = profile === undefined ? 0 : await freePort();
	writeFileSync(
		config,
		profile === undefined
			? configuration(dir.path, domain, components, ports, certificate, bus, s2s)
			: included(profile, dir.path, domain, { ...ports, s2sPort }),
	);
	const env = { ...process.env, ANTIPHON_SECRET: Object.values(components)[0] };
	return superviseServer({
		facts: {
			name: "prosody",
			host: "127.0.0.1",
			...ports,
			domain,
			users,
			components,
			...(s2s && { s2sPort: s2s.port }),
			...(certificate && { ca: certificate.ca }),
		},
		launch: () => startChild({ command: "prosody", args: ["-F", "--config", config], cwd: dir.path, env }),
		// Its own word that the ports are its own: it goes on without a port that another process holds.
		started: (output) =>
			output.includes(`Activated service 'c2s' on [127.0.0.1]:${ports.c2sPort}`) &&
			(Object.keys(components).length === 0 ||
				output.includes(`Activated service 'component' on [127.0.0.1]:${ports.componentPort}`)) &&
			(s2s === undefined || output.includes(`Activated service 's2s' on [127.0.0.1]:${s2s.port}`)),
		portTaken: (output) => output.includes("Failed to open server port"),
		cleanUp: dir.remove,
		startLimitMs: 15_000,
		stopGraceMs: 4000,
	});
}

/** A config file as it is shipped; what it says of ports and folders is overridden behind it. */
function included(
	profile: string,
	dir: string,
	domain: string,
	ports: { c2sPort: number; componentPort: number; s2sPort: number },
): string {
	const certificate = `certificate = ${quote(join(dir, "cert.pem"))}; key = ${quote(join(dir, "key.pem"))}`;
	const lines = [
		`Include ${quote(profile)}`,
		"run_as_root = true",
		`pidfile = ${quote(join(dir, "prosody.pid"))}`,
		`data_path = ${quote(join(dir, "data"))}`,
		`certificates = ${quote(dir)}`,
		'log = { { levels = { min = "info" }; to = "console" } }',
		'interfaces = { "127.0.0.1" }',
		`c2s_ports = { ${ports.c2sPort} }`,
		"c2s_direct_tls_ports = { }",
		`s2s_ports = { ${ports.s2sPort} }`,
		`component_ports = { ${ports.componentPort} }`,
		`VirtualHost ${quote(domain)}`,
		`  ssl = { ${certificate} }`,
	];
	return `${lines.join("\n")}\n`;
}

function configuration(
	dir: string,
	domain: string,
	components: Readonly<Record<string, string>>,
	ports: { c2sPort: number; componentPort: number; tlsPort?: number },
	certificate: ServerCertificate | undefined,
	bus: boolean,
	s2s: S2s | undefined,
): string {
	const modules = [
		"roster",
		"saslauth",
		"disco",
		"ping",
		"version",
		"time",
		"blocklist",
		"carbons",
		"private",
		"smacks",
	];
	// Without a certificate, mod_tls would still announce <starttls/>, and a client that takes it up hangs.
	if (certificate) modules.push("tls");
	if (!bus) modules.push("limits");
	if (s2s) modules.push("s2s", "dialback");
	const ssl = `{ certificate = ${quote(join(dir, "cert.pem"))}; key = ${quote(join(dir, "key.pem"))} }`;
	const lines = [
		"run_as_root = true", // ignored for an ordinary user; as root Prosody refuses to start without it
		`pidfile = ${quote(join(dir, "prosody.pid"))}`,
		`data_path = ${quote(join(dir, "data"))}`,
		`certificates = ${quote(dir)}`,
		'log = { { levels = { min = "info" }; to = "console" } }',
		'network_backend = "epoll"',
		'interfaces = { "127.0.0.1" }',
		`c2s_ports = { ${ports.c2sPort} }`,
		`c2s_direct_tls_ports = { ${ports.tlsPort ?? ""} }`,
		"legacy_ssl_ports = { }",
		`component_ports = { ${ports.componentPort} }`,
		'component_interfaces = { "127.0.0.1" }',
		`modules_enabled = { ${modules.map(quote).join("; ")} }`,
		`modules_disabled = { ${s2s ? "" : '"s2s"; '}"s2s_auth_certs" }`,
		...(s2s ? federationLines(s2s, bus) : []),
		'authentication = "internal_plain"', // one stored form from which SCRAM-SHA-1, SCRAM-SHA-256 and PLAIN all work
		'storage = "internal"',
		`c2s_require_encryption = ${certificate !== undefined}`,
		`allow_unencrypted_plain_auth = ${certificate === undefined}`,
		"c2s_close_timeout = 1", // how long a client that does not answer </stream:stream> may delay the end
		bus
			? `c2s_stanza_size_limit = ${BUS_STANZA_BYTES}; component_stanza_size_limit = ${BUS_STANZA_BYTES}`
			: 'limits = { c2s = { rate = "10kb/s" } }',
		certificate ? `c2s_direct_tls_ssl = ${ssl}` : "",
		`VirtualHost ${quote(domain)}`,
		certificate ? `  ssl = ${ssl}` : "",
		...Object.entries(components).flatMap(([name, secret]) => [
			`Component ${quote(name)}`,
			`  component_secret = ${quote(secret)}`,
		]),
	];
	return `${lines.filter((line) => line !== "").join("\n")}\n`;
}

interface S2s {
	readonly port: number;
	readonly dnsPort: number;
}

/** `/etc/hosts` would not do: servers look for an SRV record first, and that question would leave the machine. */
function federationLines(s2s: S2s, bus: boolean): string[] {
	return [
		`s2s_ports = { ${s2s.port} }`,
		"s2s_require_encryption = false; s2s_secure_auth = false",
		"s2s_close_timeout = 1",
		bus ? `s2s_stanza_size_limit = ${BUS_STANZA_BYTES}` : "",
		`unbound = { forward = "127.0.0.1@${s2s.dnsPort}"; resolvconf = false; options = { ["do-not-query-localhost:"] = "no" } }`,
	];
}

/** The files that `prosodyctl register` would write, without the third of a second that it takes for each account. */
function writeAccounts(dataPath: string, domain: string, users: Readonly<Record<string, string>>): void {
	const folder = join(dataPath, fileName(domain), "accounts");
	mkdirSync(folder, { recursive: true });
	for (const [name, password] of Object.entries(users)) {
		writeFileSync(join(folder, `${fileName(name)}.dat`), `return { ["password"] = ${quote(password)} };\n`);
	}
}

/** Prosody's own encoding of names in its data folder: every byte that is no ASCII letter or digit as %xx. */
function fileName(name: string): string {
	return Array.from(Buffer.from(name), (byte) => {
		const char = String.fromCharCode(byte);
		return /[A-Za-z0-9]/.test(char) ? char : `%${byte.toString(16).padStart(2, "0")}`;
	}).join("");
}

/** A Lua string literal for any text. */
function quote(text: string): string {
	const escaped = Array.from(Buffer.from(text), (byte) => {
		const char = String.fromCharCode(byte);
		return /[\w ./:%@+-]/.test(char) ? char : `\\${byte.toString().padStart(3, "0")}`;
	});
	return `"${escaped.join("")}"`;
}
