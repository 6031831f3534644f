import { randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";
import { styleText } from "node:util";
import { createDomain, type Domain } from "@antiphon/domain";
import { type EmbeddedServer, lineLog } from "@antiphon/server";
import { clientLink, componentLink, createNode, type Node } from "antiphon";
import { type Command, Option } from "commander";
import { type Tapped, tapped } from "../connect/tap.js";
import { untilSignal } from "../connect/until-signal.js";
import { EXIT_STATUS } from "../exit-status.js";
import { port } from "../hosting/server-flags.js";
import { type ServiceProcess, startService } from "../hosting/service-process.js";
import { startOnPorts } from "../hosting/start-on-ports.js";
import { tourSteps } from "../hosting/tour.js";
import { stanzaLines } from "../print/stanza.js";

interface DevFlags {
	readonly port: number;
	readonly componentPort: number;
	readonly exit?: boolean;
}

const DOMAIN = "localhost";
const FUNCTIONS = `fn.${DOMAIN}`;
const USER = `me@${DOMAIN}`;
const WORKER = `worker@${DOMAIN}`;

/** `antiphon dev`: a server, a domain, a service and a caller on this machine, and a tour of what they do. */
export function devCommand(program: Command): void {
	program
		.command("dev")
		.description("start the embedded server, a domain and the dictionary service, show calls, and stay up")
		.addOption(
			new Option("--port <port>", "port for clients; 0 takes a free one").default(5222).argParser(port("--port")),
		)
		.addOption(
			new Option("--component-port <port>", "port for components; 0 takes a free one")
				.default(5347)
				.argParser(port("--component-port")),
		)
		.option("--exit", "end after the tour; status 0 only if every step did what it should")
		.action(dev);
}

async function dev(flags: DevFlags): Promise<void> {
	const [password, workerPassword, secret] = [newSecret(), newSecret(), newSecret()];
	const server = await startOnPorts({
		domain: DOMAIN,
		port: flags.port,
		componentPort: flags.componentPort,
		users: { me: password, worker: workerPassword },
		components: { [FUNCTIONS]: secret },
		log: lineLog("server", "warn"),
	});
	try {
		heading(`XMPP server of ${DOMAIN}: clients at ${clientUrl(server)}, components at port ${server.componentPort}`);
		await using domain = await createDomain({
			link: componentLink({ url: `xmpp://${server.host}:${server.componentPort}`, domain: FUNCTIONS, secret }),
			access: { admin: [{ allow: USER }] },
			// The server has just started, too: nobody was there before.
			limits: { settleMs: 1 },
			log: lineLog("domain", "warn"),
		});
		heading(`domain ${domain.name}: accounts of ${DOMAIN} register services there, and call them`);
		const service = await startService(fileURLToPath(import.meta.resolve("@antiphon/dictionary/main")), {
			ANTIPHON_URL: clientUrl(server),
			ANTIPHON_JID: WORKER,
			ANTIPHON_PASSWORD: workerPassword,
			ANTIPHON_DOMAIN: FUNCTIONS,
		});
		try {
			heading(`dictionary, process ${service.pid}: ${service.ready}`);
			await tourAndStay(server, { service, domain }, password, flags.exit === true);
		} finally {
			await service.stop();
		}
	} finally {
		await server.close();
	}
}

/** What has to stay up with the server. */
interface Parts {
	readonly service: ServiceProcess;
	readonly domain: Domain;
}

async function tourAndStay(
	server: EmbeddedServer,
	{ service, domain }: Parts,
	password: string,
	exitAfterTour: boolean,
): Promise<void> {
	const link = tapped(clientLink({ url: clientUrl(server), jid: USER, password }));
	const node = await createNode({ link });
	try {
		heading(`caller, process ${process.pid}: ${node.jid}`);
		const passed = await takeTour(node, link);
		if (!passed) process.exitCode = EXIT_STATUS.failed;
		if (exitAfterTour) return;
		for (const line of nextCall(server, password)) console.log(line);
		const problem = await Promise.race([
			untilSignal(),
			service.ended.then((how) => `the dictionary service ended by itself: ${how}`),
			domain.closed.then((cause) => `the domain ended by itself: ${cause?.message}`),
		]);
		if (problem === undefined) return;
		console.error(problem);
		process.exitCode = EXIT_STATUS.failed;
	} finally {
		await node.close();
	}
}

/** @returns whether every step did what it should */
async function takeTour(node: Node, link: Tapped): Promise<boolean> {
	let passed = true;
	for (const { title, showStanzas, run } of tourSteps(node, FUNCTIONS)) {
		console.log(`\n${styleText("bold", title)}`);
		const record = link.record();
		try {
			console.log(`  ${styleText("green", "→")} ${await run()}`);
		} catch (error) {
			passed = false;
			console.log(`  ${styleText("red", "✗")} ${(error as Error).message}`);
		}
		const stanzas = record();
		if (!showStanzas) continue;
		for (const line of stanzas.flatMap(stanzaLines)) console.log(`    ${line}`);
	}
	return passed;
}

function nextCall(server: EmbeddedServer, password: string): string[] {
	const environment = {
		ANTIPHON_URL: clientUrl(server),
		ANTIPHON_JID: USER,
		ANTIPHON_PASSWORD: password,
		ANTIPHON_DOMAIN: FUNCTIONS,
	};
	const assignments = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
	return [
		"",
		styleText("bold", "The next call, from another terminal:"),
		`  ${assignments.join(" ")} ${process.env["ANTIPHON_COMMAND"] ?? "antiphon"} call dictionary.define '{"word":"stanza"}'`,
		"",
		"Ctrl-C ends it all.",
	];
}

function newSecret(): string {
	return randomBytes(9).toString("base64url");
}

function clientUrl({ host, port }: EmbeddedServer): string {
	return `xmpp://${host}:${port}`;
}

function heading(text: string): void {
	console.log(`${styleText("cyan", "•")} ${text}`);
}
