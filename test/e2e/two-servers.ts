import { createDomain, type Domain } from "@antiphon/domain";
import type { Log } from "@antiphon/protocol";
import { clientLink, componentLink, createNode, type Node } from "antiphon";
import { type DnsServer, startDnsServer, startProsody, type XmppServer } from "#kit";
import { makeProbe, type ProbeControl, probe } from "./probe-service.js";

/** The domain of functions, on the server of `discovery.example`. */
export const FUNCTIONS = "fn.discovery.example";
export const PASSWORD = "pw";

/** A log that can be looked into. */
export interface KeptLog extends Log {
	readonly lines: readonly string[];
}

/** Two organisations, each with its own XMPP server: one has a domain and a provider, the other one callers. */
export interface TwoServers extends AsyncDisposable {
	readonly dns: DnsServer;
	/** `discovery.example`, with the component {@link FUNCTIONS}. */
	readonly discovery: XmppServer;
	/** `europa.example`. */
	readonly europa: XmppServer;
	readonly domain: Domain;
	readonly domainLog: KeptLog;
	/** A node of `worker@discovery.example`, which serves the probe in the domain as `worker-1`. */
	worker(): Promise<{ readonly node: Node; readonly control: ProbeControl; readonly log: KeptLog }>;
	/** A node on an account of this server. All are closed in the end. */
	node(server: XmppServer, name: string, log?: Log): Promise<Node>;
}

/** Starts both and the domain, in which `bowman@europa.example` may call two functions of the probe and `hal` none. */
export async function startTwoServers(): Promise<TwoServers> {
	const open: (() => Promise<void>)[] = [];
	const closeAll = async () => {
		for (const close of open.splice(0).reverse()) await close();
	};
	try {
		const dns = await startDnsServer();
		open.push(dns.stop);
		const start = async (domain: string, users: readonly string[], components = {}) => {
			const passwords = Object.fromEntries(users.map((user) => [user, PASSWORD]));
			const server = await startProsody({ domain, users: passwords, components, federation: dns });
			open.push(server.stop);
			return server;
		};
		const discovery = await start("discovery.example", ["worker", "bowman"], { [FUNCTIONS]: "secret" });
		const europa = await start("europa.example", ["bowman", "hal", "clarke"]);
		const domainLog = keptLog();
		const domain = await createDomain({
			link: componentLink({
				url: `xmpp://${discovery.host}:${discovery.componentPort}`,
				domain: FUNCTIONS,
				secret: "secret",
			}),
			log: domainLog,
			access: {
				register: [
					{ allow: "worker@discovery.example", to: "probe" },
					{ allow: "clarke@europa.example", to: "afar" },
				],
				call: [
					{ deny: "hal@europa.example" },
					{ allow: "bowman@europa.example", to: ["probe.whoami", "probe.hang", "afar"] },
				],
			},
		});
		open.push(() => domain.close());
		const node = async (server: XmppServer, name: string, log?: Log) => {
			const url = `xmpp://${server.host}:${server.c2sPort}`;
			const link = clientLink({ url, jid: `${name}@${server.domain}`, password: PASSWORD });
			const made = await createNode({ link, ...(log && { log }) });
			open.push(() => made.close());
			return made;
		};
		const worker = async () => {
			const [log, control] = [keptLog(), makeProbe()];
			const made = await node(discovery, "worker", log);
			await made.serve(probe, control.handlers, { domain: FUNCTIONS, instance: "worker-1" });
			return { node: made, control, log };
		};
		return { dns, discovery, europa, domain, domainLog, worker, node, [Symbol.asyncDispose]: closeAll };
	} catch (error) {
		await closeAll();
		throw error;
	}
}

function keptLog(): KeptLog {
	const lines: string[] = [];
	const at = (level: string) => (message: string) => void lines.push(`${level} ${message}`);
	return { lines, debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}
