import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { COMMAND } from "./antiphon-command.js";
import { makeCertificate } from "./certificates.js";
import { freePort } from "./free-port.js";
import { startChild } from "./process.js";
import { superviseServer, withFreshPorts } from "./supervised-server.js";
import { tempDir } from "./temp-dir.js";
import type { XmppServer, XmppServerOptions } from "./xmpp-server.js";

/**
 * Starts the embedded server as `antiphon server`, a process of its own that can be killed, with free ports and its own
 * data. Rejects with its log if it is not ready within 15 s. `bus` makes no difference: it has no rate limit.
 */
export function startEmbedded(options: XmppServerOptions = {}): Promise<XmppServer> {
	return withFreshPorts(() => launchEmbedded(options));
}

async function launchEmbedded(options: XmppServerOptions): Promise<XmppServer> {
	const { domain = "localhost", users = {}, components = {}, tls = false } = options;
	const certificate = tls === true ? makeCertificate({ domains: [domain] }) : tls || undefined;
	const ports = {
		c2sPort: await freePort(),
		componentPort: await freePort(),
		...(certificate && { tlsPort: await freePort() }),
	};
	const dir = tempDir("embedded");
	const args = [COMMAND, "server", "--domain", domain, "--data", join(dir.path, "data")];
	args.push("--port", `${ports.c2sPort}`, "--component-port", `${ports.componentPort}`);
	for (const [name, password] of Object.entries(users)) args.push("--user", `${name}:${password}`);
	for (const [name, secret] of Object.entries(components)) args.push("--component", `${name}:${secret}`);
	if (certificate) {
		const key = join(dir.path, "key.pem");
		const cert = join(dir.path, "cert.pem");
		writeFileSync(key, certificate.key, { mode: 0o600 });
		writeFileSync(cert, certificate.cert);
		args.push("--tls-key", key, "--tls-cert", cert, "--tls-port", `${ports.tlsPort}`);
	}
	return superviseServer({
		facts: {
			name: "embedded",
			host: "127.0.0.1",
			...ports,
			domain,
			users,
			components,
			...(certificate && { ca: certificate.ca }),
		},
		launch: () => startChild({ command: process.execPath, args, cwd: dir.path }),
		started: (output) => output.includes("Ctrl-C ends it."),
		portTaken: (output) => output.includes("EADDRINUSE") || output.includes("in use"),
		cleanUp: dir.remove,
		startLimitMs: 15_000,
		stopGraceMs: 4000,
	});
}
