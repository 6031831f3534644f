import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cleanEnvironment, startChild, startDeedWorker, startTcpProxy, type TcpProxy, type XmppServer } from "#kit";
import { type Disk, makeDisk } from "./disk.js";
import type { RunOptions } from "./run-options.js";
import { diskBytes, storeLimits } from "./store-limits.js";
import { Supervised } from "./supervised.js";

export const DOMAIN = "fn.localhost";
/** A caller has an account of its own; what it calls is numbered from its own first number. */
const CALLS_OF_ONE = 1_000_000;
/** What all providers of a service share: it belongs to the account that has registered it first. */
const PROVIDER = "provider";
const PASSWORD = "password";

/** Everything that a run has started: the server, and behind a proxy each the domain, the callers and the providers. */
export interface World {
	readonly server: XmppServer;
	readonly disk: Disk;
	/** By name: `domain`, `caller-1`, `provider-1`. */
	readonly processes: ReadonlyMap<string, Supervised>;
	readonly links: ReadonlyMap<string, TcpProxy>;
	readonly callers: readonly string[];
	readonly providers: readonly string[];
	/** What callers and providers have noted. */
	readonly files: { readonly effects: string; readonly notes: ReadonlyMap<string, string> };
	/** Callers make no further calls. */
	enough(): void;
	stop(): Promise<void>;
}

const module = (name: string) => fileURLToPath(new URL(`./processes/${name}.js`, import.meta.url));

/** Starts a world, and resolves when all of it works. What fails on the way is ended before it rejects. */
export async function startWorld(options: RunOptions, folder: string): Promise<World> {
	const callers = names("caller", options.callers);
	const providers = names("provider", options.providers);
	const users = Object.fromEntries([...callers, PROVIDER].map((name) => [name, PASSWORD]));
	const ends: (() => unknown)[] = [];
	const stop = async () => {
		for (const end of ends.splice(0).reverse()) await end();
	};
	try {
		const journals = journalsOf(options);
		const stores = [journals.queue, ...callers.map(() => journals.outbox), ...providers.map(() => journals.inbox)];
		const disk = makeDisk(join(folder, "disk"), diskBytes(stores));
		ends.push(() => disk.remove());
		const server = await options.server.start({ users, components: { [DOMAIN]: PASSWORD } });
		ends.push(() => server.stop());
		const links = new Map<string, TcpProxy>();
		for (const name of ["domain", ...callers, ...providers]) {
			const port = name === "domain" ? server.componentPort : server.c2sPort;
			const proxy = await startTcpProxy({ target: { port } });
			ends.push(() => proxy.stop());
			links.set(name, proxy);
		}
		const place = { folder, disk, server, effects: join(folder, "effects"), enough: join(folder, "enough") };
		writeFileSync(place.effects, "");
		const launches = launchesOf(options, place, links, callers, providers);
		const processes = new Map<string, Supervised>();
		mkdirSync(join(folder, "logs"));
		for (const [name, { ready, launch }] of launches) {
			processes.set(name, new Supervised({ name, ready, launch, log: join(folder, "logs", name) }));
		}
		const all = [...processes.values()];
		ends.push(() => Promise.all(all.map((process) => process.stop())));
		// Providers and callers look for the domain until it is there.
		await Promise.all(all.map((process) => process.untilReady()));
		return {
			server,
			disk,
			processes,
			links,
			callers,
			providers,
			files: { effects: place.effects, notes: new Map(callers.map((name) => [name, join(folder, name)])) },
			enough: () => writeFileSync(place.enough, ""),
			stop,
		};
	} catch (error) {
		await stop();
		throw error;
	}
}

interface Place {
	readonly folder: string;
	readonly disk: Disk;
	readonly server: XmppServer;
	readonly effects: string;
	readonly enough: string;
}

interface Launch {
	readonly ready: string;
	readonly launch: () => ReturnType<typeof startChild>;
}

function launchesOf(
	options: RunOptions,
	{ folder, disk, server, effects, enough }: Place,
	links: ReadonlyMap<string, TcpProxy>,
	callers: readonly string[],
	providers: readonly string[],
): Map<string, Launch> {
	const { calls, perSecond, maxRunMs } = options;
	const portOf = (name: string) => (links.get(name) as TcpProxy).port;
	const node = (name: string, args: readonly string[], env: Readonly<Record<string, string>>) => () =>
		startChild({
			command: process.execPath,
			args: [module(name), ...args],
			env: cleanEnvironment({ ...env, ANTIPHON_URL: `xmpp://127.0.0.1:${env["PORT"]}` }),
		});
	const component = { PORT: `${portOf("domain")}`, ANTIPHON_COMPONENT: DOMAIN, ANTIPHON_SECRET: PASSWORD };
	const launches = new Map<string, Launch>();
	const { queue, outbox, inbox } = journalsOf(options);
	const state = [join(disk.path, "domain"), JSON.stringify(queue), join(disk.path, "names.json")];
	launches.set("domain", { ready: "hosting", launch: node("domain", state, component) });
	for (const name of providers) {
		const worker = {
			server,
			account: PROVIDER,
			domain: DOMAIN,
			instance: name,
			notes: effects,
			inbox: join(disk.path, name),
			maxInboxBytes: inbox.maxBytes,
			port: portOf(name),
		};
		launches.set(name, { ready: "serving", launch: () => startDeedWorker(worker) });
	}
	for (const [i, name] of callers.entries()) {
		const caller = {
			name,
			domain: DOMAIN,
			outbox: join(disk.path, name),
			limits: outbox,
			notes: join(folder, name),
			enough,
			first: (i + 1) * CALLS_OF_ONE,
			maxCalls: Math.ceil(calls / callers.length),
			everyMs: Math.round((1_000 * callers.length) / perSecond),
			maxRunMs,
		};
		const account = {
			PORT: `${portOf(name)}`,
			ANTIPHON_JID: `${name}@${server.domain}`,
			ANTIPHON_PASSWORD: PASSWORD,
		};
		launches.set(name, { ready: "calling", launch: node("caller", [JSON.stringify(caller)], account) });
	}
	return launches;
}

/** As large as the calls of this run need. */
function journalsOf({ calls, perSecond, faultsMs, callers }: RunOptions) {
	const most = Math.min(calls, Math.ceil((perSecond * faultsMs) / 1_000));
	const of = (parts: number) => storeLimits(Math.ceil(most / parts));
	return { queue: of(1), outbox: of(callers), inbox: of(1) };
}

function names(role: string, count: number): string[] {
	return Array.from({ length: count }, (_, i) => `${role}-${i + 1}`);
}
