import { createDomain } from "@antiphon/domain";
import {
	type ClientOptions,
	clientLink,
	componentLink,
	createNode,
	type Link,
	memoryBus,
	type Node,
	type ServeOptions,
} from "antiphon";
import { type Requirement, SERVERS, type ServerKind, type XmppServer } from "#kit";

/** A place in which a caller and a provider meet. The e2e suite runs over each. */
export interface World extends AsyncDisposable {
	/** A node that can serve. One at a time. */
	provider(options?: NodeOptions): Promise<Node>;
	/** How it serves: where the services of a provider get their JIDs. */
	readonly serving: ServeOptions;
	/** A node that calls. Each has an address of its own. */
	caller(options?: NodeOptions): Promise<Node>;
	/** Where the services of this provider are found. */
	target(provider: Node): ClientOptions;
	/** Where the provider would be if there were one. */
	readonly nobody: ClientOptions;
	/** What a call there fails with: a domain host knows which names it has ever heard of. */
	readonly nobodyIs: "unavailable" | "not-found";
}

export type NodeOptions = Omit<Parameters<typeof createNode>[0], "link">;

export interface WorldKind {
	readonly name: string;
	/** One at a time on one ground. */
	start(ground: Ground): Promise<World>;
}

/** What worlds share that come one after the other: a server costs more to start than all that is asked of it. */
export interface Ground extends AsyncDisposable {
	readonly server?: XmppServer;
}

/** A ground and the worlds on it. */
export interface GroundKind {
	readonly name: string;
	readonly needs: readonly Requirement[];
	open(): Promise<Ground>;
	readonly worlds: readonly WorldKind[];
}

const FUNCTIONS = "fn.localhost";
const USERS = { alice: "alice's password", bob: "bob's password" };

const memory: GroundKind = {
	name: "memory",
	needs: [],
	open: async () => ({ async [Symbol.asyncDispose]() {} }),
	worlds: [
		{
			name: "memory",
			async start() {
				const bus = memoryBus();
				return {
					provider: (options) => createNode({ ...options, link: bus.link(FUNCTIONS) }),
					serving: {},
					caller: (options) => createNode({ ...options, link: bus.link("alice@localhost") }),
					target: () => ({ domain: FUNCTIONS }),
					nobody: { domain: FUNCTIONS },
					nobodyIs: "unavailable",
					async [Symbol.asyncDispose]() {},
				};
			},
		},
	],
};

function onServer({ name, start, needs }: ServerKind): GroundKind {
	const direct = (role: "client" | "component"): WorldKind => ({
		name: `${name} ${role}`,
		async start(ground) {
			const server = serverOf(ground);
			return {
				serving: {},
				provider: (options) =>
					createNode({ ...options, link: role === "client" ? account(server, "bob") : component(server) }),
				caller: (options) => createNode({ ...options, link: account(server, "alice") }),
				target: (provider) => (role === "client" ? { to: provider.jid } : { domain: FUNCTIONS }),
				nobody: role === "client" ? { to: "bob@localhost/nowhere" } : { domain: FUNCTIONS },
				nobodyIs: "unavailable",
				async [Symbol.asyncDispose]() {},
			};
		},
	});
	return {
		name,
		needs,
		async open() {
			const server = await start({ users: USERS, components: { [FUNCTIONS]: "secret" } });
			return { server, [Symbol.asyncDispose]: () => server.stop() };
		},
		worlds: [direct("client"), direct("component"), hosted(name)],
	};
}

/** A domain host on a component link, with which a provider on an ordinary account registers. */
function hosted(name: string): WorldKind {
	return {
		name: `${name} domain`,
		async start(ground) {
			const server = serverOf(ground);
			// Nobody was there before.
			const domain = await createDomain({ link: component(server), limits: { settleMs: 1 } });
			return {
				serving: { domain: FUNCTIONS },
				provider: (options) => createNode({ ...options, link: account(server, "bob") }),
				caller: (options) => createNode({ ...options, link: account(server, "alice") }),
				target: () => ({ domain: FUNCTIONS }),
				nobody: { domain: FUNCTIONS },
				nobodyIs: "not-found",
				[Symbol.asyncDispose]: () => domain.close(),
			};
		},
	};
}

function serverOf({ server }: Ground): XmppServer {
	if (server === undefined) throw new Error("this world needs a server");
	return server;
}

/** A client link for one of the server's accounts. `port` stands in for the server's own, such as a proxy's. */
export function account(server: XmppServer, name: keyof typeof USERS, port = server.c2sPort): Link {
	return clientLink({ url: `xmpp://${server.host}:${port}`, jid: `${name}@localhost`, password: USERS[name] });
}

export function component(server: XmppServer, port = server.componentPort, domain = FUNCTIONS): Link {
	return componentLink({ url: `xmpp://${server.host}:${port}`, domain, secret: server.components[domain] ?? "" });
}

/** Every kind of link over every server. */
export const GROUNDS: readonly GroundKind[] = [memory, ...SERVERS.map(onServer)];
