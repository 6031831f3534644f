import { copyFileSync, existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { makeCertificate, type ServerCertificate } from "./certificates.js";
import { freePort } from "./free-port.js";
import { startChild } from "./process.js";
import { superviseServer, withFreshPorts } from "./supervised-server.js";
import { tempDir } from "./temp-dir.js";
import { BUS_STANZA_BYTES, type XmppServer, type XmppServerOptions } from "./xmpp-server.js";

const READY = "antiphon-kit: accounts are there";

/**
 * Starts the installed ejabberd on 127.0.0.1 with free ports and its own data, as whoever runs the test (root as well).
 * It goes past `ejabberdctl`, which insists on the system user `ejabberd` and starts a distributed Erlang node with an
 * `epmd` that stays behind. Rejects with its log if it is not ready within 30 s.
 */
export function startEjabberd(options: XmppServerOptions = {}): Promise<XmppServer> {
	return withFreshPorts(() => launchEjabberd(options));
}

async function launchEjabberd(options: XmppServerOptions): Promise<XmppServer> {
	const { domain = "localhost", users = {}, components = {}, tls = false, bus = true, profile } = options;
	const libraries = ejabberdLibraries();
	if (libraries === undefined) throw new Error("ejabberd is not installed: apt-get install -y ejabberd");
	const certificate = tls === true ? makeCertificate({ domains: [domain] }) : tls || undefined;
	const ports = {
		c2sPort: await freePort(),
		componentPort: await freePort(),
		...(certificate && { tlsPort: await freePort() }),
	};
	const dir = tempDir("ejabberd");
	const config = join(dir.path, "ejabberd.yml");
	mkdirSync(join(dir.path, "mnesia"));
	writeFileSync(join(dir.path, "accounts.eterm"), accounts(domain, users));
	writeFileSync(join(dir.path, "inetrc"), '{lookup, [file]}.\n{resolv_conf, ""}.\n{clear_ns}.\n'); // no DNS, and no inet_gethost processes for it
	if (certificate) writeFileSync(join(dir.path, "server.pem"), certificate.cert + certificate.key, { mode: 0o600 });
	if (profile === undefined) {
		// JSON is YAML.
		const settings = configuration(dir.path, domain, components, ports, certificate, bus);
		writeFileSync(config, JSON.stringify(settings, undefined, 1));
	} else {
		copyFileSync(profile, config);
		const macros = {
			LISTEN_ON: "127.0.0.1",
			CLIENT_PORT: ports.c2sPort,
			SERVER_PORT: await freePort(),
			COMPONENT_PORT: ports.componentPort,
			SECRET: Object.values(components)[0],
			CERTIFICATES: [join(dir.path, "server.pem")],
		};
		writeFileSync(join(dir.path, "ejabberd.local.yml"), JSON.stringify({ define_macro: macros }));
	}
	const { PATH } = process.env;
	return superviseServer({
		facts: {
			name: "ejabberd",
			host: "127.0.0.1",
			...ports,
			domain,
			users,
			components,
			...(certificate && { ca: certificate.ca }),
		},
		launch: () =>
			startChild({
				command: "erl",
				args: [
					...["-noinput", "-start_epmd", "false"], // no node name: no distribution, no cookie, no epmd
					...["+sbwt", "none", "+sbwtdcpu", "none", "+sbwtdio", "none"], // idle schedulers do not spin
					...["+SDcpu", "1:1", "+SDio", "1", "+A", "1"], // of threads for long work and for files, one: dozens cost time to start
					...["-mnesia", "dir", `"${join(dir.path, "mnesia")}"`, "-s", "ejabberd", "-eval", registerAccounts],
				],
				cwd: dir.path,
				env: {
					PATH,
					LANG: "C.UTF-8",
					HOME: dir.path,
					ERL_LIBS: libraries,
					ERL_INETRC: join(dir.path, "inetrc"),
					ERL_CRASH_DUMP_BYTES: "0",
					EJABBERD_CONFIG_PATH: config,
					EJABBERD_LOG_PATH: join(dir.path, "ejabberd.log"),
				},
			}),
		started: (output) => output.includes(READY),
		portTaken: (output) => /Failed to open socket.*address already in use|eaddrinuse/i.test(output),
		cleanUp: dir.remove,
		startLimitMs: 30_000,
		stopGraceMs: 5000,
	});
}

/** Runs inside the server's own Erlang once it is up; on a restart the accounts are there already. */
const registerAccounts = `
{ok, Accounts} = file:consult("accounts.eterm"),
lists:foreach(fun({User, Host, Password}) ->
  case ejabberd_auth:try_register(User, Host, Password) of
    ok -> ok;
    {error, exists} -> ok;
    Other -> io:format("antiphon-kit: no account ~ts: ~p~n", [User, Other]), halt(1)
  end
end, Accounts),
io:format("${READY}~n").`.replaceAll("\n", " ");

function accounts(domain: string, users: Readonly<Record<string, string>>): string {
	const rows = Object.entries(users).map(
		([name, password]) => `{${[name, domain, password].map(binary).join(",")}}.\n`,
	);
	return rows.join("");
}

/** An Erlang binary for any text. */
function binary(text: string): string {
	return `<<${[...Buffer.from(text)].join(",")}>>`;
}

function configuration(
	dir: string,
	domain: string,
	components: Readonly<Record<string, string>>,
	ports: { c2sPort: number; componentPort: number; tlsPort?: number },
	certificate: ServerCertificate | undefined,
	bus: boolean,
) {
	const client = {
		ip: "127.0.0.1",
		module: "ejabberd_c2s",
		access: "all",
		max_stanza_size: bus ? BUS_STANZA_BYTES : 262_144,
		shaper: bus ? "none" : "normal",
	};
	const listen: object[] = [
		{ ...client, port: ports.c2sPort, ...(certificate && { starttls: true, starttls_required: true }) },
		{
			port: ports.componentPort,
			ip: "127.0.0.1",
			module: "ejabberd_service",
			access: "all",
			shaper: "none",
			global_routes: false, // otherwise one component gets what is addressed to every domain in `hosts`
			...(bus && { max_stanza_size: BUS_STANZA_BYTES }),
			hosts: Object.fromEntries(Object.entries(components).map(([name, secret]) => [name, { password: secret }])),
		},
	];
	if (ports.tlsPort !== undefined) listen.push({ ...client, port: ports.tlsPort, tls: true });
	return {
		hosts: [domain],
		loglevel: "info",
		listen,
		...(certificate && { certfiles: [join(dir, "server.pem")] }),
		acme: { auto: false },
		auth_method: "internal",
		auth_password_format: "plain", // one stored form from which every SCRAM and PLAIN work
		disable_sasl_mechanisms: ["X-OAUTH2", "DIGEST-MD5"],
		// To ejabberd a component that is not connected is some remote server. With s2s forbidden it answers `forbidden`;
		// allowed for these domains only, and with no DNS (see inetrc), it answers what it answers in real life.
		acl: { absent_component: { server: Object.keys(components) } },
		access_rules: { s2s: { allow: "absent_component" } },
		s2s_access: "s2s",
		s2s_dns_timeout: 1,
		s2s_dns_retries: 0,
		shaper: { normal: { rate: 3000, burst_size: 20_000 } },
		modules: {
			mod_blocking: {},
			mod_carboncopy: {},
			mod_disco: {},
			mod_ping: {},
			mod_privacy: {},
			mod_private: {},
			mod_roster: {},
			mod_stream_mgmt: {},
			mod_time: {},
			mod_version: {},
		},
	};
}

/** The folder for ERL_LIBS that holds `ejabberd-<version>/ebin`, as Debian's packages lay it out. */
export function ejabberdLibraries(): string | undefined {
	const roots = ["/usr/lib", ...list("/usr/lib").map((name) => join("/usr/lib", name))];
	return roots.find((root) =>
		list(root).some((name) => name.startsWith("ejabberd-") && existsSync(join(root, name, "ebin/ejabberd.app"))),
	);
}

function list(folder: string): string[] {
	try {
		return readdirSync(folder);
	} catch {
		return [];
	}
}
